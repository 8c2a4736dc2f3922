"""The statistics beyond a golden's `stats`, as they truly are.

Every finite float64 is a whole number times a power of two, so sums of powers are taken in whole numbers and nothing is
rounded before the last step: what is written here is the truth, not NumPy's rounding of it. Percentiles are the exception:
their rule is NumPy's own (`np.percentile`, method linear, float64), and so is the answer.
"""
from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np

import goldenlib as G

SCHEMA = "ckpt-statistics/1"
PERCENTS = [0.1, 1, 5, 25, 50, 75, 95, 99, 99.9]


def whole(f: np.ndarray) -> tuple[list[int], int]:
    """Whole numbers `v` and an exponent `e` with x = v * 2**e for every x of `f`, exactly."""
    mantissa, exponent = np.frexp(f)
    lowest = int(exponent[f != 0].min()) - 53 if (f != 0).any() else 0
    scaled = np.ldexp(mantissa, 53).astype(np.int64)
    return [int(m) << (int(e) - 53 - lowest) if m else 0 for m, e in zip(scaled, exponent)], lowest


def power(e: int) -> Fraction:
    return Fraction(2) ** e


def near(x: Fraction):
    """The nearest float64."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def root(x: Fraction) -> Fraction:
    """The square root to 200 bits and more."""
    shift = 400 + 2 * max(0, x.denominator.bit_length() - x.numerator.bit_length())
    return Fraction(math.isqrt((x.numerator << shift) // x.denominator), 1 << (shift // 2))


def moments(f: np.ndarray) -> dict:
    v, e = whole(f)
    n = len(v)
    s = [sum(x ** k for x in v) for k in (1, 2, 3, 4)]
    mean = Fraction(s[0], n)
    m2 = Fraction(s[1], n) - mean ** 2
    m3 = Fraction(s[2], n) - 3 * mean * Fraction(s[1], n) + 2 * mean ** 3
    m4 = Fraction(s[3], n) - 4 * mean * Fraction(s[2], n) + 6 * mean ** 2 * Fraction(s[1], n) - 3 * mean ** 4
    unit = power(e)
    return {
        "mean": near(mean * unit), "std": near(root(m2) * unit), "l2": near(root(Fraction(s[1])) * unit),
        "abs_mean": near(Fraction(sum(map(abs, v)), n) * unit),
        "skewness": near(m3 / (m2 * root(m2))) if m2 else None, "kurtosis": near(m4 / m2 ** 2) if m2 else None,
    }


def norm(f: np.ndarray):
    v, e = whole(f)
    return near(root(Fraction(sum(x * x for x in v))) * power(e))


def lanes(lines: np.ndarray) -> dict:
    """Of each line of a matrix the limits and the norm of its finite values; null where it has none."""
    finite = [line[np.isfinite(line)] for line in lines]
    each = lambda what: [G.num(what(f)) if f.size else None for f in finite]
    return {"min": each(np.min), "max": each(np.max), "l2": each(norm)}


def smallest_normal(dtype: np.dtype) -> float:
    """Magnitudes below it are subnormal; 0 for integers."""
    try:
        return float(ml_dtypes.finfo(dtype).smallest_normal)
    except ValueError:
        return 0.0


def of_tensor(t: G.Tensor) -> dict | None:
    """The record of one tensor; None where there are no real numbers."""
    if t.data is None:
        return None
    a = np.asarray(t.data)
    x = G.to_f64(a)
    if x is None:
        return None
    at = np.flatnonzero(np.isfinite(x))
    f = x[at]
    first = lambda found: int(np.argmax(found)) if found.any() else None
    magnitudes = np.abs(f[f != 0])
    exponents, counts = np.unique(np.frexp(magnitudes)[1] - 1, return_counts=True)
    r = {
        "name": t.name, "shape": list(a.shape), "canon": t.canon or G.canon(a.dtype), "n": int(x.size), "finite": int(f.size),
        "subnormal": int((magnitudes < smallest_normal(a.dtype)).sum()),
        "first_nan": first(np.isnan(x)), "first_posinf": first(np.isposinf(x)), "first_neginf": first(np.isneginf(x)),
        "exponents": {str(int(e)): int(c) for e, c in zip(exponents, counts)},
    }
    if f.size:
        with np.errstate(all="ignore"):
            percentiles = np.percentile(f, PERCENTS)
        r.update(min=G.num(f.min()), max=G.num(f.max()), argmin=int(at[np.argmin(f)]), argmax=int(at[np.argmax(f)]))
        r.update({k: v if v is None else G.num(v) for k, v in moments(f).items()}, percentiles=[G.num(p) for p in percentiles])
    if a.ndim >= 2:
        rest = math.prod(a.shape[1:])
        m = x.reshape(a.shape[0], rest)
        r.update(rows=lanes(m), columns=lanes(m.T))
    return r


def of(fixture: str, g: G.Golden) -> dict | None:
    """The document of one fixture; None where no tensor of it holds real numbers."""
    tensors = [r for r in map(of_tensor, g.tensors) if r]
    return {"schema": SCHEMA, "fixture": fixture, "percents": PERCENTS, "tensors": tensors} if tensors else None
