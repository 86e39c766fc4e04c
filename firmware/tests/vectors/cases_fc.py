"""FULLY_CONNECTED cases: input ranks 1 to 4, keep_num_dims, per-tensor and per-channel weights."""

import numpy as np

from cases_conv import draw_weights, scales
from common import ACTIVATIONS, Made, integer, log_uniform, pick, records, shape_text, uniform, zero_point
from tflite_file import Graph


def draw(rng, fixed):
    p = {
        "mode": pick(rng, ["fit", "left", "tiny"], [8, 1, 1]), "n": pick(rng, [1, 2, 3, 5], [5, 1, 1, 1]),
        "depth": integer(rng, 1, 60), "cout": integer(rng, 1, 16), "keep": False, "rank": 2,
        "act": pick(rng, ACTIVATIONS, [4, 3, 2, 1]), "bias": bool(rng.random() < 0.8),
        "per_channel": bool(rng.random() < 0.3), "weights": pick(rng, ["uniform", "normal", "sparse"]),
    }
    if p["mode"] == "left":
        p["depth"] = min(p["depth"], 6)
    return p | fixed


def add_fully_connected(rng, graph, source, sample, p):
    """Appends the layer `p` to `graph`; `sample` holds likely values of the tensor `source`."""
    shape, dtype, s_in, zp_in = graph.arrays[source]
    if dtype == "uint8":
        p["per_channel"] = False
    n, depth, channels = p["n"], p["depth"], p["cout"]
    zp_w = p.get("zp_w", zero_point(rng, dtype) if dtype == "uint8" else 0)
    kind = "sparse" if p["mode"] == "left" else p["weights"]
    weights = (np.asarray(p["filter"], dtype).reshape(channels, depth) if "filter" in p
               else draw_weights(rng, (channels, depth), kind, dtype, zp_w))
    acc = (sample.astype(np.int64).reshape(n, depth) - zp_in) @ (weights.astype(np.int64) - zp_w).T
    bias = None
    if p["mode"] == "tiny":
        bias = rng.integers(-2 ** 30, 2 ** 30, channels)
    elif p["bias"]:
        bias = np.round(rng.normal(0, 1, channels) * (acc.std() + 1)).astype(np.int64)
    bias = p.get("bias_values", bias)
    s_in, s_w, s_out, zp_out = scales(rng, p, acc + (0 if bias is None else bias), dtype, channels, s_in)
    if not p["per_channel"]:
        s_w = s_w[:1]
    out_shape = (*shape[:-1], channels) if p["keep"] else (n, channels)
    inputs = [source, graph.tensor((channels, depth), dtype, s_w, zp_w, weights)]
    inputs.append(-1 if bias is None else graph.tensor((channels,), "int32", s_in * s_w, 0, bias))
    output = graph.tensor(out_shape, dtype, s_out, zp_out)
    graph.op("FULLY_CONNECTED", inputs, output, n * depth * channels,
             fusedActivationFunction=p["act"], keepNumDims=p["keep"])
    real = np.float64(s_in * s_w) / np.float64(s_out)
    facts = {"left shifts": int((real >= 1).sum()), "multiplier 0": int((real < 2.0 ** -32).sum()),
             "batch > 1": int(n > 1), "per-channel": int(p["per_channel"]), "no bias": int(bias is None)}
    return output, facts


def fully_connected(rng, dtype="int8", special="", **fixed):
    p = draw(rng, fixed)
    shape = input_shape(rng, p["n"], p["depth"], p["rank"], p["keep"])
    zp_in = p.get("zp_in", zero_point(rng, dtype))
    spread = 8 if p["mode"] == "left" else None
    graph = Graph()
    source = graph.input(shape, dtype, np.float32(p.get("s_in", log_uniform(rng, 1e-3, 2))), zp_in)
    output, facts = add_fully_connected(rng, graph, source, uniform(rng, shape, dtype, zp_in, spread), p)
    graph.outputs = [output]
    text = [f"in {shape_text(shape)}", f"{p['cout']} outputs", p["act"],
            "per-channel" if facts["per-channel"] else "per-tensor"]
    text += ["keep_num_dims"] * p["keep"] + ["no bias"] * facts["no bias"]
    text += {"left": ["multiplier > 1"], "tiny": ["tiny multiplier"]}.get(p["mode"], [])
    made = p["records"](rng, graph) if "records" in p else records(rng, graph, spread)
    return Made(graph, f"{special}: {' '.join(text)}" if special else " ".join(text), made, facts)


def input_shape(rng, n, depth, rank, keep):
    """`n * depth` elements in `rank` dimensions; with `keep` the last one is the depth."""
    if rank == 1:
        return (depth,)
    if keep:
        return (1,) * (rank - 2) + (n, depth)
    divisors = [d for d in range(1, depth + 1) if depth % d == 0]
    inner, rest = [], depth
    for _ in range(rank - 2):
        d = pick(rng, [d for d in divisors if rest % d == 0])
        inner.append(d)
        rest //= d
    return (n, *inner, rest)
