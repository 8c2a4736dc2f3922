"""Makes the files of the bench: files.py FOLDER DIVISOR

Each is about as large as its full size divided by DIVISOR. A file that is there already is kept.
"""

import json
import math
import struct
import sys
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save_file

GIB = 1 << 30
WIDTH = 1024
SEED = 7


def to_bf16(values):
    """The upper half of float32, rounded to even."""
    bits = values.view(np.uint32)
    return ((bits + (0x7FFF + (bits >> 16 & 1))) >> 16).astype("<u2")


# By their names in safetensors: how wide a value is, and how it is made from float32.
DTYPES = {
    "F32": (4, lambda values: values.astype("<f4", copy=False)),
    "F16": (2, lambda values: values.astype("<f2")),
    "BF16": (2, to_bf16),
}


def layer(index):
    """One of GPT-2 medium, as its checkpoint names it."""
    shapes = {
        "ln_1.weight": [WIDTH],
        "ln_1.bias": [WIDTH],
        "attn.c_attn.weight": [WIDTH, 3 * WIDTH],
        "attn.c_attn.bias": [3 * WIDTH],
        "attn.c_proj.weight": [WIDTH, WIDTH],
        "attn.c_proj.bias": [WIDTH],
        "ln_2.weight": [WIDTH],
        "ln_2.bias": [WIDTH],
        "mlp.c_fc.weight": [WIDTH, 4 * WIDTH],
        "mlp.c_fc.bias": [4 * WIDTH],
        "mlp.c_proj.weight": [4 * WIDTH, WIDTH],
        "mlp.c_proj.bias": [WIDTH],
    }
    return {f"h.{index}.{name}": shape for name, shape in shapes.items()}


def transformer(count):
    """The shapes of as many layers as have no more than `count` values; the table of positions takes the rest."""
    each = sum(map(math.prod, layer(0).values()))
    shapes = {name: shape for index in range(count // each) for name, shape in layer(index).items()}
    return {"wpe.weight": [count % each // WIDTH, WIDTH], **shapes}


def experts():
    """100 000 small tensors, named as a mixture of experts has them."""
    return {
        f"model.layers.{index}.mlp.experts.{expert}.{part}.weight": [2, 2]
        for index in range(125)
        for expert in range(200)
        for part in ["w1", "w2", "w3", "gate"]
    }


def safetensors(path, dtype, shapes):
    width, convert = DTYPES[dtype]
    header, offset = {}, 0
    for name, shape in shapes.items():
        end = offset + math.prod(shape) * width
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = np.random.default_rng(SEED)

    def write(part):
        with open(part, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for name, shape in shapes.items():
                values = random.standard_normal(math.prod(shape), np.float32) * np.float32(0.02)
                if name.split(".")[-2].startswith("ln_") and name.endswith("weight"):
                    values += 1
                file.write(convert(values))

    whole(path, write, 8 + len(text) + offset)


def hdf5(folder, rows):
    """The same float32 values, rounded so that deflate finds something, in each form."""
    values = np.random.default_rng(SEED).normal(0, 0.02, (rows, 8192)).round(4).astype("<f4")
    packed = {"chunks": (min(rows, 1024), 1024), "compression": "gzip", "compression_opts": 4}
    for name, how in {"contiguous": {}, "gzip": packed, "gzip-shuffle": packed | {"shuffle": True}}.items():

        def write(part, how=how):
            with h5py.File(part, "w") as file:
                file.create_dataset("x", data=values, **how)

        whole(folder / f"{name}.h5", write)
    whole(folder / "contiguous.safetensors", lambda part: save_file({"x": values}, part))


def whole(path, write, size=None):
    """Makes a file, unless it is there and of its size, if that is known. Written beside it: what has its name is all there."""
    if path.exists() and size in (None, path.stat().st_size):
        return
    print(f"making {path}", flush=True)
    part = path.with_name(f"{path.name}.part")
    write(part)
    part.replace(path)


def main(folder, divisor):
    folder, divisor = Path(folder), int(divisor)
    folder.mkdir(parents=True, exist_ok=True)
    for dtype, (width, _) in DTYPES.items():
        safetensors(folder / f"{dtype.lower()}.safetensors", dtype, transformer(GIB // divisor // width))
    large = transformer(3 * 10**9 // divisor // 4)
    safetensors(folder / "large.safetensors", "F32", large)
    small = {name: [max(1, divisor * math.prod(shape) // 1000)] for name, shape in large.items()}
    safetensors(folder / "small.safetensors", "F32", small)
    safetensors(folder / "many.safetensors", "F32", experts())
    hdf5(folder, 4096 // divisor)


if __name__ == "__main__":
    main(*sys.argv[1:])
