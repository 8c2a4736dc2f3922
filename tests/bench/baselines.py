"""What Python takes for a file's statistics: baselines.py HOW FILE prints seconds and bytes, as the example `throughput` does.

NumPy takes minutes for a GiB of float16: after some seconds the tensors that are left are left out, and of the bytes, too.
"""

import sys
import time

import h5py
import numpy as np
from safetensors import safe_open

LONG = 5


def safetensors(path):
    """A tensor at a time."""
    with safe_open(path, framework="numpy") as file:
        for name in file.keys():
            values = file.get_tensor(name)
            values.min(), values.max(), values.mean(), values.std()
            np.count_nonzero(values), np.isnan(values).any(), np.histogram(values, bins=50)
            yield values.nbytes


def hdf5(path):
    with h5py.File(path) as file:
        values = file["x"][...]
    values.min(), values.max(), values.mean(), values.std(), np.histogram(values, bins=50)
    yield values.nbytes


def main(how, path):
    start = time.perf_counter()
    count = 0
    for more in {"safetensors": safetensors, "hdf5": hdf5}[how](path):
        count += more
        seconds = time.perf_counter() - start
        if seconds > LONG:
            break
    print(seconds, count)


if __name__ == "__main__":
    main(*sys.argv[1:])
