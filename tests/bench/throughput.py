"""Statistics of whole datasets: ours beside the baselines, in turn within one run.

    throughput.py PROGRAM FOLDER

PROGRAM is the example `throughput`, FOLDER keeps the files between runs. Prints the median of each round's ratios and exits
with 1 if one is below its bound.
"""

import json
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

ROUNDS = 5
SHAPE = (4096, 8192)
CHUNKS = (1024, 1024)


def make(folder):
    """The same float32 values, rounded so that deflate finds something, in each form."""
    folder.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(7).normal(0, 0.02, SHAPE).round(4).astype("<f4")
    header = json.dumps({"x": {"dtype": "F32", "shape": SHAPE, "data_offsets": [0, values.nbytes]}}).encode()
    with open(folder / "x.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + values.tobytes())
    for name, how in FORMS.items():
        with h5py.File(folder / name, "w") as file:
            file.create_dataset("x", data=values, **how)


FORMS = {
    "contiguous.h5": {},
    "gzip.h5": {"chunks": CHUNKS, "compression": "gzip", "compression_opts": 4},
    "gzip-shuffle.h5": {"chunks": CHUNKS, "compression": "gzip", "compression_opts": 4, "shuffle": True},
}


def ours(program, path):
    said = subprocess.run([program, str(path)], check=True, capture_output=True, text=True).stdout
    return float(said.split()[0])


def h5py_then_numpy(path):
    start = time.perf_counter()
    with h5py.File(path) as file:
        values = file["x"][...]
    values.min(), values.max(), values.mean(), values.std(), np.histogram(values, 50)
    return time.perf_counter() - start


def main(program, folder):
    folder = Path(folder)
    if not all((folder / name).exists() for name in ["x.safetensors", *FORMS]):
        make(folder)
    size = np.prod(SHAPE) * 4
    rounds = []
    for _ in range(ROUNDS):
        plain = ours(program, folder / "x.safetensors")
        contiguous = ours(program, folder / "contiguous.h5")
        found = {"contiguous float32, by the safetensors path": (plain, contiguous)}
        for name in ["gzip.h5", "gzip-shuffle.h5"]:
            found[f"{name}, by h5py and NumPy"] = (h5py_then_numpy(folder / name), ours(program, folder / name))
        rounds.append(found)
    fine = True
    print(f"{'':46}{'baseline':>10}{'ours':>10}{'ratio':>8}{'at least':>10}")
    for name, least in zip(rounds[0], [0.85, 0.8, 0.8]):
        ratio = statistics.median(base / own for base, own in (found[name] for found in rounds))
        base, own = (size / statistics.median(found[name][side] for found in rounds) / 1e9 for side in (0, 1))
        print(f"{name:46}{base:>5.2f} GB/s{own:>5.2f} GB/s{ratio:>8.2f}{least:>10}")
        fine &= ratio >= least
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
