"""A small model as training leaves it, and the same model with faults planted in it; what was planted where is beside the golden.

The model is a transformer of six layers behind a stem of convolutions with batch normalisation. No framework trained it: its
weights are drawn so that they follow no rule of initialisation (rows of uneven scale, heavy tails, a part of low rank).
`<fixture>.planted.json` lists the faults, README.md says how. Every tensor has one fault at most, so that each is told once.
"""
from __future__ import annotations

import collections
import re

import h5py
import numpy as np
import torch
from safetensors.numpy import save_file

import goldenlib as G
from families import safetensors_family
from families.hdf5_family import superblock
from families.torch_common import read_torch
from registry import fixture

LAYERS, VOCABULARY, STEMS = 6, 48, 3


class Torch:
    """Names and shapes of PyTorch: a matrix is (out, in)."""
    parts = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}

    @staticmethod
    def name(place: str, part: str) -> str:
        return f"{place}.{Torch.parts[part]}"

    @staticmethod
    def kernel(a):
        return a


class Keras:
    """Names and shapes of Keras: a kernel is (in, out)."""
    parts = {"weight": "kernel:0", "bias": "bias:0", "gamma": "gamma:0", "beta": "beta:0", "mean": "moving_mean:0", "variance": "moving_variance:0"}

    @staticmethod
    def name(place: str, part: str) -> str:
        part = "embeddings:0" if place == "embed" else Keras.parts[part]
        layer, _, inside = re.sub(r"^(?:layers|(stem))\.", lambda found: f"{found[1] or 'block'}_", place).partition(".")
        return "/".join(filter(None, (layer, inside.replace(".", "_"), part)))

    @staticmethod
    def kernel(a):
        return np.ascontiguousarray(np.moveaxis(a, (0, 1), (-1, -2)))


def trained(r, *shape, std=0.1):
    """A weight that no rule of initialisation draws."""
    rows, rest = shape[0], int(np.prod(shape[1:]))
    a = r.standard_t(4, (rows, rest)) * np.exp(r.standard_normal((rows, 1)) * 0.25)
    a += r.standard_normal((rows, 2)) @ r.standard_normal((2, rest)) * 0.6
    return kept_by_float16((a / a.std() * std).reshape(shape))


def kept_by_float16(a):
    """No value so small that float16 loses it: those are a fault of their own."""
    return np.where(np.abs(a) < 1e-7, 1e-7, a).astype(np.float32)


def vector(r, n, centre, spread):
    return (centre + r.standard_t(5, n) * spread).astype(np.float32)


def model(style, r, width, inner) -> dict:
    """name -> array; insertion order is that of the modules."""
    d = collections.OrderedDict()

    def dense(place, outs, ins, std, *kernel, bias=True):
        d[style.name(place, "weight")] = style.kernel(trained(r, outs, ins, *kernel, std=std))
        if bias:
            d[style.name(place, "bias")] = vector(r, outs, 0, 0.04)

    def norm(place, n):
        d[style.name(place, "gamma")] = vector(r, n, 1.1, 0.12)
        d[style.name(place, "beta")] = vector(r, n, 0, 0.06)
    for i in range(STEMS):
        dense(f"stem.{i}.conv", 8, 8, 0.15 * np.exp(r.standard_normal() * 0.1), 3, 3)
        norm(f"stem.{i}.bn", 8)
        d[style.name(f"stem.{i}.bn", "mean")] = vector(r, 8, 0.1, 0.3)
        d[style.name(f"stem.{i}.bn", "variance")] = np.exp(r.standard_normal(8) * 0.5).astype(np.float32)
        if style is Torch:
            d[f"stem.{i}.bn.num_batches_tracked"] = np.array(4800)
    d[style.name("embed", "weight")] = trained(r, VOCABULARY, width, std=0.5)
    d[style.name("embed_scale", "weight")] = np.exp(r.standard_normal(width) * 0.3).astype(np.float32)
    for i in range(LAYERS):
        norm(f"layers.{i}.norm1", width)
        for role, std in (("q", 0.09), ("k", 0.06), ("v", 0.11), ("o", 0.08)):
            dense(f"layers.{i}.attn.{role}_proj", width, width, std * (1 + 0.06 * i) * np.exp(r.standard_normal() * 0.1), bias=role == "v")
        norm(f"layers.{i}.norm2", width)
        for role, outs, ins, std in (("up", inner, width, 0.12), ("down", width, inner, 0.07)):
            dense(f"layers.{i}.mlp.{role}_proj", outs, ins, std * (1 + 0.06 * i) * np.exp(r.standard_normal() * 0.1))
    norm("norm", width)
    d[style.name("lm_head", "weight")] = style.kernel(trained(r, VOCABULARY, width, std=0.2))
    return d


class Faults:
    """Plants faults into a model's arrays and keeps the list of them."""

    def __init__(self, style, r, d):
        self.style, self.r, self.d, self.list = style, r, d, []

    def name(self, place, part="weight"):
        return self.style.name(place, part)

    def tell(self, rule, tensor, place, figure):
        self.list.append({"rule": rule, "tensor": tensor, "place": place, "figure": figure})

    def put(self, rule, place, values):
        """Single values at indices."""
        name = self.name(place)
        for index, value in values.items():
            self.d[name][index] = value
        self.tell(rule, name, {"index": list(min(values))}, len(values))

    def lines(self, rule, place, axis, at, change, figure):
        """Whole rows (axis 0) or columns (axis 1) of the matrix as it is stored."""
        name = self.name(place)
        a = self.d[name]
        for i in at:
            a[(slice(None),) * axis + (i,)] = change(a[(slice(None),) * axis + (i,)])
        self.tell(rule, name, {("rows", "columns")[axis]: list(at)}, figure(a))

    def replace(self, rule, name, a, place, figure):
        assert self.d[name].shape == a.shape, name
        self.d[name] = a.astype(np.float32)
        self.tell(rule, name, place, figure)


def plant(style, r, d, inner) -> Faults:
    """Every fault that a list of named arrays can hold."""
    f = Faults(style, r, d)
    w = lambda i, place: f.name(f"layers.{i}.{place}")
    zero, rms = (lambda line: line * 0), (lambda a: float(np.sqrt(np.mean(np.square(a, dtype=np.float64)))))
    f.put("nan", "layers.0.attn.q_proj", {(3, 7): np.nan, (11, 1): np.nan})
    f.put("infinite", "layers.1.mlp.up_proj", {(5, 0): np.inf, (6, 2): -np.inf, (6, 9): np.inf})
    a = d[w(2, "attn.o_proj")]
    f.replace("all-zero", w(2, "attn.o_proj"), a * 0, {}, a.size)
    bias = f.name("layers.3.mlp.down_proj", "bias")
    f.replace("constant", bias, np.full_like(d[bias], 0.25), {}, 0.25)
    f.lines("dead-rows", "layers.5.mlp.up_proj", 0, (2, 7, 13), zero, lambda a: 3)
    f.lines("dead-columns", "layers.5.mlp.down_proj", 1, (4, 9), zero, lambda a: 2)
    f.replace("identical", w(2, "attn.k_proj"), d[w(1, "attn.k_proj")].copy(), {"other": w(1, "attn.k_proj")}, d[w(1, "attn.k_proj")].size)
    a = d[w(3, "attn.v_proj")]
    b = (a + r.standard_normal(a.shape) * rms(a) * 1e-3).astype(np.float32)
    apart = float(np.linalg.norm(b.astype(np.float64) - a) / np.linalg.norm(a.astype(np.float64)))
    f.replace("near-duplicate", w(4, "attn.v_proj"), b, {"other": w(3, "attn.v_proj")}, apart)
    scale = f.name("embed_scale")
    d[scale][3], d[scale][12] = 7e4, -1.2e5
    f.tell("beyond-float16", scale, {"index": [3]}, 2)
    a = d[w(0, "mlp.down_proj")]
    a[r.random(a.shape) < 0.2] *= np.float32(1e-9)
    lost = (a != 0) & (a.astype(np.float16) == 0)
    f.tell("below-float16", w(0, "mlp.down_proj"), {"index": [int(i) for i in np.argwhere(lost)[0]]}, int(lost.sum()))
    for rule, i, role, factor in (("exploding", 4, "mlp.up_proj", 100), ("vanishing", 1, "attn.o_proj", 2e-3)):
        f.replace(rule, w(i, role), kept_by_float16(d[w(i, role)] * factor), {}, (i, role))
    ins, outs = d[w(2, "mlp.up_proj")].shape[::-1 if style is Torch else 1]
    bound = ins ** -0.5
    f.replace("untouched", w(2, "mlp.up_proj"), r.uniform(-bound, bound, d[w(2, "mlp.up_proj")].shape), {"rule": "kaiming-uniform"}, bound)
    ins, outs = d[w(3, "attn.q_proj")].shape
    bound = (6 / (ins + outs)) ** 0.5
    f.replace("untouched", w(3, "attn.q_proj"), r.uniform(-bound, bound, (ins, outs)), {"rule": "xavier-uniform"}, bound)
    f.replace("untouched", w(5, "attn.k_proj"), r.normal(0, 0.02, d[w(5, "attn.k_proj")].shape), {"rule": "normal-0.02"}, 0.02)
    gamma, beta = (f.name("layers.4.norm1", part) for part in ("gamma", "beta"))
    d[gamma][:], d[beta][:] = 1, 0
    f.tell("norm-initial", gamma, {"also": [beta]}, 2)
    parts = [f.name("stem.2.bn", part) for part in ("gamma", "beta", "mean", "variance")]
    for name, value in zip(parts, (1, 0, 0, 1)):
        d[name][:] = value
    if style is Torch:
        d["stem.2.bn.num_batches_tracked"] = np.array(0)
    f.tell("norm-initial", parts[0], {"also": parts[1:]}, 4)
    norms = lambda a, axis: np.linalg.norm(a.astype(np.float64), axis=1 - axis)
    over = lambda axis, at: lambda a: float(norms(a, axis)[at] / np.median(norms(a, axis)))
    f.lines("outlier-channels", "layers.0.attn.k_proj", 0, (9,), lambda line: line * 25, over(0, 9))
    f.lines("outlier-channels", "layers.3.mlp.down_proj", 1, (5,), lambda line: line * 25, over(1, 5))
    variance = f.name("stem.0.bn", "variance")
    d[variance][3] = -0.0213
    f.tell("negative-variance", variance, {"index": [3]}, 1)
    for part in ("weight", "bias"):
        name = f.name("layers.5.attn.v_proj", part)
        usual = list(d[name].shape)
        d[name] = np.ascontiguousarray(d[name][..., :-4] if style is Keras else d[name][:-4])
        f.tell("odd-shape", name, {"shape": list(d[name].shape), "usual": usual}, LAYERS - 1)
    for record in f.list:
        if record["rule"] in ("exploding", "vanishing"):          # beside the other layers as they are in the end
            i, role = record["figure"]
            others = [rms(b[np.isfinite(b)]) for j in range(LAYERS) if j != i and (b := d[w(j, role)]).any()]
            record["figure"] = rms(d[w(i, role)]) / float(np.median(others))
    return f


def made(style, seed, width, inner, faulty):
    """The arrays of the twin, and with faults the list of those. Both twins start from the same draw."""
    d = model(style, np.random.default_rng([7, seed]), width, inner)
    return d, plant(style, np.random.default_rng([8, seed]), d, inner) if faulty else None


# ------------------------------------------------------------------ safetensors
def write_safetensors(p, planted=None):
    d, faults = made(Torch, 1, 32, 96, planted is not None)
    if faults:
        planted[:] = faults.list
    save_file(d, p, {"format": "pt"})
    return d


# ------------------------------------------------------------------ PyTorch
def adam(r, d, order) -> dict:
    """The state of AdamW for these parameters; its numbers are small, as they are."""
    def of(a):
        moment = r.standard_normal(a.shape) * np.exp(r.standard_normal() - 8)
        squares = np.square(r.standard_normal(a.shape) * np.exp(r.standard_normal() - 7)) + 1e-12
        return {"step": torch.tensor(4800.0), "exp_avg": torch.from_numpy(moment.astype(np.float32)), "exp_avg_sq": torch.from_numpy(squares.astype(np.float32))}
    return {i: of(d[name]) for i, name in enumerate(order)}


def write_torch(p, planted=None):
    d, faults = made(Torch, 2, 16, 48, planted is not None)
    r = np.random.default_rng([9, 2])
    order = [name for name in d if "running" not in name and "num_batches" not in name]
    state = adam(r, d, order)
    weights = collections.OrderedDict((name, torch.from_numpy(a)) for name, a in d.items())
    if faults:
        weights["lm_head.weight"] = weights["embed.weight"]
        faults.tell("tied", "model.lm_head.weight", {"other": "model.embed.weight"}, 2)
        orphan = len(order)
        state[orphan] = adam(r, d, ["norm.weight"])[0]
        for key in state[orphan]:
            faults.tell("orphan-optimizer-state", f"optimizer.state.{orphan}.{key}", {"parameter": orphan}, None)
        names = {"tensor", "other", "also"}
        inside = lambda name: name if name.startswith(("model.", "optimizer.")) else f"model.{name}"
        for record in faults.list:
            record["tensor"] = inside(record["tensor"])
            for key in names & set(record["place"]):
                there = record["place"][key]
                record["place"][key] = [inside(name) for name in there] if isinstance(there, list) else inside(there)
        planted[:] = faults.list
    group = {"lr": 3e-4, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1, "amsgrad": False, "params": list(range(len(order)))}
    torch.save({"model": weights, "optimizer": {"state": state, "param_groups": [group]}, "epoch": 12}, p)
    return {f"model.{name}": a.numpy() for name, a in weights.items()}


# ------------------------------------------------------------------ HDF5, as Keras 2 lays it out
def layers_of(d) -> dict:
    """layer -> its weights' names, in order."""
    layers = collections.OrderedDict()
    for name in d:
        layers.setdefault(name.split("/")[0], []).append(name)
    return layers


def write_h5(p, planted=None):
    d, faults = made(Keras, 3, 16, 48, planted is not None)
    r = np.random.default_rng([9, 3])
    moments = {f"SGD/m/{name}": (r.standard_normal(a.shape) * np.exp(r.standard_normal() - 7)).astype(np.float32) for name, a in d.items() if "moving" not in name}
    tied = None
    if faults:
        lost = "SGD/m/block_6/attn_q_proj/kernel:0"
        moments[lost] = (r.standard_normal((16, 16)) * 1e-3).astype(np.float32)
        faults.tell("orphan-optimizer-state", f"optimizer_weights/{lost}", {"parameter": "block_6/attn_q_proj/kernel:0"}, None)
        tied = ("decoder/embeddings:0", "embed/embeddings:0")
        d[tied[0]] = d[tied[1]]
        faults.tell("tied", tied[0], {"other": tied[1]}, 2)
        planted[:] = faults.list
    text = lambda names: [name.encode() for name in names]
    later = []                                                   # the headers first, together, as in a file of large weights

    def dataset(group, name, a):
        later.append((group.create_dataset(name, a.shape, a.dtype, track_times=False), a))
    with h5py.File(p, "w", libver="v108", meta_block_size=40960) as f:
        weights, optimizer = f.create_group("model_weights"), f.create_group("optimizer_weights")
        f.attrs["backend"], f.attrs["keras_version"] = "tensorflow", "2.15.0"
        weights.attrs["layer_names"] = text(layers_of(d))
        weights.attrs["backend"], weights.attrs["keras_version"] = "tensorflow", "2.15.0"
        for layer, names in layers_of(d).items():
            group = weights.create_group(layer)
            group.attrs["weight_names"] = text(names)
            for name in names:
                if tied and name == tied[0]:
                    group[name] = weights[f"embed/{tied[1]}"]       # a second link to the same dataset
                else:
                    dataset(group, name, d[name])
        optimizer.attrs["weight_names"] = text(["iteration:0", *moments])
        dataset(optimizer, "iteration:0", np.array(4800))
        for name, a in moments.items():
            dataset(optimizer, name, a)
        for empty, a in later:
            empty[()] = a
    return d


def read_h5(path) -> G.Golden:
    """As the attributes list it: the layers' weights by their names, then the optimizer's by their places."""
    ts = []
    with h5py.File(path, "r") as f:
        weights, optimizer = f["model_weights"], f["optimizer_weights"]
        for layer in weights.attrs["layer_names"]:
            group = weights[layer]
            for name in group.attrs["weight_names"]:
                a = group[name][()]
                ts.append((name.decode() if isinstance(name, bytes) else name, group[name].name.lstrip("/"), a, "weight"))
        rest = []
        optimizer.visititems(lambda name, o: rest.append((f"optimizer_weights/{name}", f"optimizer_weights/{name}", o[()], "optimizer")) if isinstance(o, h5py.Dataset) else None)
    records = [G.Tensor(name, a, a.dtype.name, "", None, None, place.split("/"), None, {"kind": kind, "h5_path": place}) for name, place, a, kind in ts + rest]
    return G.Golden("keras-h5", records, superblock(path), None, {"h5py": h5py.__version__})


# ------------------------------------------------------------------ the fixtures
for ending, title, write, read in (("safetensors", "safetensors", write_safetensors, safetensors_family.read), ("pt", "PyTorch checkpoint with AdamW's state", write_torch, read_torch),
                                   ("h5", "HDF5 as Keras 2 lays it out, with SGD's momentum", write_h5, read_h5)):
    notes = ["written with h5py after the layout of tf_keras"] if ending == "h5" else []
    faults: list = []
    fixture(f"health/clean.{ending}", f"a model as training leaves it: {title}", read, notes=notes, planted=[])(write)
    fixture(f"health/faulty.{ending}", f"the same model with planted faults: {title}", read, notes=notes, planted=faults)(lambda p, write=write, faults=faults: write(p, faults))
