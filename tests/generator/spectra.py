"""Matrices and their singular values by numpy.linalg.svd, for the crate `spectrum`: spectrum/tests/matrices.

    python spectra.py

A matrix that would be large as a file is told by its size alone; `hashed` below makes it, and the tests make it again.
"""

import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parents[2] / "spectrum/tests/matrices"


def hashed(rows: int, columns: int, seed: int) -> np.ndarray:
    """Numbers in [-1, 1) by SplitMix64's finisher, from the place of each and a seed."""
    place = np.arange(rows * columns, dtype=np.uint64) + np.uint64(seed << 40)
    with np.errstate(over="ignore"):
        mixed = (place + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0).reshape(rows, columns)


def large(rows: int, columns: int, ranks: int, noise: float) -> np.ndarray:
    """Outer products that halve from one to the next, and noise: what a trained weight looks like."""
    left, right = hashed(rows, ranks, 1), hashed(ranks, columns, 2)
    return (left * 0.5 ** np.arange(ranks)) @ right + noise * hashed(rows, columns, 3)


def main() -> None:
    rng = np.random.default_rng(20250611)
    orthogonal = lambda n, k: np.linalg.qr(rng.standard_normal((n, k)))[0]
    graded = orthogonal(80, 50) * 10.0 ** -np.linspace(0, 14, 50) @ orthogonal(50, 50).T
    hilbert = 1.0 / (np.arange(12)[:, None] + np.arange(12) + 1.0)
    low = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 40))
    with_nan = rng.standard_normal((6, 4))
    with_nan[2, 1], with_nan[5, 3] = np.nan, -np.inf
    matrices = {
        "square": rng.standard_normal((64, 64)),
        "linear": (rng.standard_normal((48, 96)) * 0.02).astype(np.float32),
        "kernel": (rng.standard_normal((32, 4, 3, 3)) * 0.1).astype(np.float32),
        "tall": rng.standard_normal((700, 20)),
        "wide": rng.standard_normal((20, 300)),
        "graded": graded,
        "hilbert": hilbert,
        "low_rank": low,
        "repeated": np.kron(np.eye(6), np.ones((3, 2))),
        "identity": np.eye(33),
        "zeros": np.zeros((5, 7)),
        "row": rng.standard_normal((1, 9)),
        "column": rng.standard_normal((7, 1)),
        "one": np.array([[-3.0]]),
        "empty": np.zeros((0, 4)),
        "huge": rng.standard_normal((12, 10)) * 1e200,
        "tiny": rng.standard_normal((10, 12)) * 1e-310,
        "not_finite": with_nan,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = {}
    for name, array in matrices.items():
        np.save(FOLDER / f"{name}.npy", array)
        told[name] = facts(array.reshape(len(array), -1) if array.size else array)
    for name, arguments in {"large": (2100, 2300, 24, 0.01)}.items():
        known = facts(large(*arguments))
        told[name] = {"made_of": arguments, **known, "values": known["values"][:128]}
    (FOLDER / "spectra.json").write_text(json.dumps(told, indent=1) + "\n")


def facts(matrix: np.ndarray) -> dict:
    """What numpy says of it, in float64."""
    matrix = matrix.astype(np.float64)
    rows, columns = matrix.shape
    known = {"rows": rows, "columns": columns}
    if not np.isfinite(matrix).all():
        return known | {"not_finite": int((~np.isfinite(matrix)).sum())}
    # A power of two keeps the squares of very large and very small numbers.
    scale = 2.0 ** np.floor(np.log2(np.abs(matrix).max())) if matrix.any() else 1.0
    values = np.linalg.svd(matrix / scale, compute_uv=False)
    known |= {"values": (values * scale).tolist(), "frobenius": float(np.linalg.norm(matrix / scale) * scale)}
    if values.size and values[0] > 0:
        shares = values / values.sum()
        shares = shares[shares > 0]
        known["stable_rank"] = float((np.linalg.norm(matrix / scale) / values[0]) ** 2)
        known["effective_rank"] = float(np.exp(-(shares * np.log(shares)).sum()))
        known["numerical_rank"] = int(np.linalg.matrix_rank(matrix / scale))
    return known


if __name__ == "__main__":
    main()
