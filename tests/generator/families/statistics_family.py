"""Tensors whose statistics are easy to get wrong: ill-conditioned, subnormal, not finite, every pattern of the short types, extremes."""
from __future__ import annotations

import ml_dtypes
import numpy as np

from families.numpy_family import read_npy, read_npz
from families.safetensors_family import DT, read, write_spec
from registry import fixture

CODES = {np.dtype(dt): code for code, dt in DT.items() if dt is not None}


def rnd(seed):
    return np.random.default_rng([3, seed])


def save(p, tensors):
    """Writes tensors of every type that the format has a byte or more for."""
    write_spec(p, {name: (CODES[a.dtype], a.shape, a.tobytes()) for name, a in tensors.items()})
    return tensors


@fixture("statistics/ill_conditioned.safetensors", "large means with small deviations, sums that cancel, ranges that squares do not hold", read)
def _(p):
    r = rnd(1)
    sign = np.where(r.random(3000) < 0.5, -1.0, 1.0)
    return save(p, {
        "offset_f64": 1e8 + sign, "offset_f32": (1e8 + 8 * sign).astype(np.float32), "offset_f32_lost": np.full(64, 1e8 + 1, np.float32),
        "offset_uneven_f64": 1e8 + (r.random(2000) < 0.1), "offset_1e15": 1e15 + r.integers(0, 2, 500), "offset_noise": (1e8 + r.standard_normal((40, 25))),
        "between_neighbours": np.array([1.0, np.nextafter(1.0, 2), 1.0, np.nextafter(1.0, 2)]), "cancelling": np.array([1e16, 1.0, -1e16, 3.0, 1e-3, -2.0, 1e16, -1e16]),
        "cancelling_cubes": np.array([-1e5, 1e5, 3.0, -3.0, 1e-5] * 40 + [0.1]), "tenths": np.full(1000, 0.1), "huge": np.array([1.5e308, -1.5e308, 1.7e308, 1.0]),
        "tiny": np.array([3e-308, -2e-308, 5e-308]), "wide": np.array([1e-300, 1e300, -1e150, 1.0, 0.0]), "skewed": np.exp(r.standard_normal(2500) * 2).astype(np.float32),
        "heavy": r.standard_t(3, (50, 60)).astype(np.float32), "normal_bf16": (r.standard_normal((64, 48)) * 0.02).astype(ml_dtypes.bfloat16),
    })


@fixture("statistics/subnormals.safetensors", "subnormal numbers of every float type, beside the smallest normal ones", read)
def _(p):
    r = rnd(2)

    def around(dt, bits, fraction):
        codes = r.integers(0, 4 << fraction, (12, 10)).astype(bits)       # exponent fields 0 to 3
        codes[r.random(codes.shape) < 0.5] |= bits(1 << (8 * bits().itemsize - 1))
        codes[0, 3], codes[0, 4], codes[0, 5] = 1, (1 << fraction) - 1, 1 << fraction
        return codes.view(dt)
    return save(p, {
        "f64": around(np.float64, np.uint64, 52), "f32": around(np.float32, np.uint32, 23), "f16": around(np.float16, np.uint16, 10), "bf16": around(ml_dtypes.bfloat16, np.uint16, 7),
        "e5m2": around(ml_dtypes.float8_e5m2, np.uint8, 2), "e4m3": around(ml_dtypes.float8_e4m3fn, np.uint8, 3), "f32_only": np.array([1e-45, -3e-45, 1e-40], np.float32), "f64_only": np.array([5e-324, -5e-324]),
    })


@fixture("statistics/nonfinite.safetensors", "NaN and infinities at known places, lines of nothing else, the least value more than once", read)
def _(p):
    r = rnd(3)

    def with_holes(dt, shape=(30, 20)):
        a = r.standard_normal(shape).astype(np.float32)
        flat = a.reshape(-1)
        for value in (np.nan, np.inf, -np.inf):
            flat[r.choice(flat.size, 7, replace=False)] = value
        flat[[77, 311]], flat[[123, 402]] = -9, 9
        a[4], a[:, 6] = np.nan, np.inf
        return a.astype(dt)
    return save(p, {
        **{CODES[np.dtype(dt)].lower(): with_holes(dt) for dt in (np.float64, np.float32, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e5m2)},
        "nan_last": np.array([1, 2, -1, -1, 2, np.nan], np.float32), "inf_first": np.array([np.inf, 0, -0.0, 0], np.float32), "only_nan": np.full((2, 3), np.nan, np.float32),
        "only_inf": np.array([[np.inf, -np.inf]], np.float16), "one_finite": np.array([np.nan, -np.inf, 5, np.inf]), "zeros_of_both_signs": np.array([-0.0, 0.0, -0.0], np.float32),
    })


@fixture("statistics/patterns_16.safetensors", "all 65536 patterns of float16 and bfloat16", read)
def _(p):
    a = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    return save(p, {"f16": a.view(np.float16), "bf16": rnd(4).permutation(a.reshape(-1)).reshape(a.shape).view(ml_dtypes.bfloat16)})


@fixture("statistics/patterns_8.safetensors", "all 256 patterns of the eight-bit floats, shuffled", read)
def _(p):
    r = rnd(5)
    codes = ("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0")
    return save(p, {code.lower(): r.permutation(256).astype(np.uint8).reshape(8, 32).view(DT[code]) for code in codes})


@fixture("statistics/integers.safetensors", "integers of all widths with their extremes, booleans", read)
def _(p):
    r, d = rnd(6), {}
    for dt in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64):
        i = np.iinfo(dt)
        a = r.integers(i.min, i.max, (20, 13), dtype=dt, endpoint=True)
        a[3, 4], a[7, 1], a[12, 12], a[13, 0] = i.min, i.max, i.min, i.max
        d[np.dtype(dt).name] = a
    return save(p, {**d, "counter": np.array(4800), "indices": np.arange(1000).reshape(1, -1), "i64_neighbours": np.array([2 ** 62, 2 ** 62 + 1, 2 ** 62 - 1]), "bool": r.random((9, 11)) < 0.3})


@fixture("statistics/shapes.safetensors", "few and many elements, kernels of three to five dimensions, long and flat matrices", read)
def _(p):
    r = rnd(7)
    f = lambda *shape: (r.standard_normal(shape) * 0.1).astype(np.float32)
    return save(p, {
        "scalar": np.array(-2.5, np.float32), "empty": f(0), "no_rows": f(0, 3), "no_columns": f(3, 0), "single": f(1), "two": np.array([3, -1], np.float32), "three": np.array([1, 2, 4], np.float32), "constant": np.full((5, 7), 0.25, np.float32),
        "zero": np.zeros((4, 4), np.float32), "many": f(70000), "long": f(1500, 3), "flat": f(3, 1500), "row": f(1, 50), "column": f(50, 1), "conv1d": f(12, 8, 5), "conv2d": f(16, 8, 3, 3), "conv3d": f(4, 3, 3, 3, 3),
        "even_steps": np.arange(1001, dtype=np.float32), "ties": r.integers(0, 4, (40, 30)).astype(np.float32),
    })


@fixture("statistics/matrix_f16.npy", "a matrix of 300 rows in float16", read_npy)
def _(p):
    a = (rnd(8).standard_normal((300, 70)) * 3).astype(np.float16)
    np.save(p, a)
    return {"": a}


@fixture("statistics/orders.npz", "Fortran order and big-endian: indices count in C order", read_npz)
def _(p):
    r = rnd(9)
    a = r.standard_normal((7, 5, 4, 3)).astype(np.float32)
    a[2, 3, 1, 0], a[5, 0, 2, 2], a[6, 4, 3, 1] = np.nan, np.inf, -np.inf
    d = {"fortran_4d": np.asfortranarray(a), "fortran_2d": np.asfortranarray(r.standard_normal((33, 21))), "fortran_i16": np.asfortranarray(r.integers(-900, 900, (12, 9)).astype(np.int16)),
         "big_endian": a.astype(">f4"), "big_endian_fortran": np.asfortranarray(r.standard_normal((9, 8)).astype(">f8"))}
    np.savez(p, **d)
    return d
