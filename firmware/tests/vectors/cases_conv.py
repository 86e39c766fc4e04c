"""CONV_2D and DEPTHWISE_CONV_2D cases: random geometry, scales taken from the accumulators' spread."""

import numpy as np

from common import (ACTIVATIONS, RANGE, Made, fit, integer, log_uniform, output_scale, pick, records, shape_text,
                    uniform, zero_point)
from tflite_file import Graph

MAX_MACS = 8000
MAX_TENSOR = 900


def output_size(size, kernel, stride, dilation, padding):
    """(outputs along one axis, elements of padding before the first)"""
    extent = (kernel - 1) * dilation + 1
    if padding == "VALID":
        return (size - extent + stride) // stride, 0
    out = -(-size // stride)
    return out, max(0, (out - 1) * stride + extent - size) // 2


def accumulators(x, w, p):
    """Sums of centred products (N, H, W, channels); only to choose scales, never an expected value."""
    (oh, top), (ow, left) = geometry(p)
    n, h, width, cin = x.shape
    total = np.zeros((n, oh, ow, p["cout"]), np.int64)
    for ky in range(p["kh"]):
        for kx in range(p["kw"]):
            ys = np.arange(oh) * p["sh"] - top + ky * p["dh"]
            xs = np.arange(ow) * p["sw"] - left + kx * p["dw"]
            oky, okx = (ys >= 0) & (ys < h), (xs >= 0) & (xs < width)
            tap = np.zeros((n, oh, ow, cin), np.int64)
            tap[:, np.ix_(oky, okx)[0], np.ix_(oky, okx)[1]] = x[:, ys[oky]][:, :, xs[okx]]
            if p["depthwise"]:
                total += np.repeat(tap, p["cout"] // cin, axis=3) * w[0, ky, kx]
            else:
                total += tap @ w[:, ky, kx].T
    return total


def geometry(p):
    return (output_size(p["h"], p["kh"], p["sh"], p["dh"], p["padding"]),
            output_size(p["w"], p["kw"], p["sw"], p["dw"], p["padding"]))


def draw(rng, depthwise, fixed):
    """Geometry, kind of scales, activation; drawn until it is small enough and not empty."""
    while True:
        mode = pick(rng, ["fit", "left", "tiny"], [8, 1, 1])
        cin = integer(rng, 1, 8)
        p = {
            "depthwise": depthwise, "mode": mode, "n": pick(rng, [1, 2, 3], [6, 1, 1]),
            "h": integer(rng, 1, 11), "w": integer(rng, 1, 11), "cin": cin,
            "mult": pick(rng, [1, 2, 3, 4], [6, 2, 1, 1]), "cout": integer(rng, 1, 12),
            "kh": integer(rng, 1, 5), "kw": integer(rng, 1, 5),
            "sh": pick(rng, [1, 2, 3], [4, 2, 1]), "sw": pick(rng, [1, 2, 3], [4, 2, 1]),
            "dh": pick(rng, [1, 2, 3], [6, 1, 1]), "dw": pick(rng, [1, 2, 3], [6, 1, 1]),
            "padding": pick(rng, ["SAME", "VALID"]), "act": pick(rng, ACTIVATIONS, [4, 3, 2, 1]),
            "per_channel": bool(rng.random() < 0.75), "bias": bool(rng.random() < 0.8),
            "weights": pick(rng, ["uniform", "normal", "sparse"]),
        }
        p.update(fixed)
        p["bias"] |= p.get("must_have_bias", False)
        if depthwise:
            p["cout"] = p["cin"] * p["mult"]
        (oh, _), (ow, _) = geometry(p)
        taps = p["kh"] * p["kw"] * (1 if depthwise else p["cin"])
        macs = p["n"] * oh * ow * p["cout"] * taps if oh > 0 and ow > 0 else 0
        sizes = (p["n"] * p["h"] * p["w"] * p["cin"], p["n"] * oh * ow * p["cout"], taps * p["cout"])
        if macs >= p.get("min_macs", 20) and macs <= p.get("max_macs", MAX_MACS) and max(sizes) <= p.get("max_tensor", MAX_TENSOR):
            return p | {"oh": oh, "ow": ow, "macs": macs}


def draw_weights(rng, shape, kind, dtype, point):
    low, high = RANGE[dtype]
    if kind == "ones":
        return np.full(shape, point + 1, dtype)
    if kind == "uniform":
        return rng.integers(-127 if dtype == "int8" else low, high + 1, shape).astype(dtype)
    spread = 30 if kind == "normal" else 2
    return np.clip(np.round(rng.normal(0, spread, shape)) + point, low, high).astype(dtype)


def scales(rng, p, acc, dtype, channels, s_in):
    """(s_in, s_w per channel, s_out, output zero point) for the mode of `p`; acc includes the bias."""
    ratio = np.exp(rng.uniform(-1, 1, channels)) if p["per_channel"] else np.ones(channels)
    s_out = output_scale(rng, p["act"])
    if p["mode"] == "left":
        factor, point = rng.uniform(1.0, 6.0), zero_point(rng, dtype)
    else:
        factor, point = fit(rng, acc * ratio, dtype)
    if "factor" in p:
        factor = p["factor"]
    s_out, point = p.get("s_out", s_out), p.get("zp_out", point)
    ratio = np.asarray(p.get("ratio", ratio), float)
    s_w = np.float32(p.get("s_w", factor * s_out / s_in * ratio))
    return np.float32(s_in), s_w, np.float32(s_out), point


def add_conv(rng, graph, source, sample, p):
    """Appends the convolution `p` to `graph`; `sample` holds likely values of the tensor `source`."""
    shape, dtype, s_in, zp_in = graph.arrays[source]
    depthwise, channels = p["depthwise"], p["cout"]
    if dtype == "uint8":
        p["per_channel"] = False
    filter_depth = p["cin"] // p.get("groups", 1)
    filter_shape = (1, p["kh"], p["kw"], channels) if depthwise else (channels, p["kh"], p["kw"], filter_depth)
    zp_w = p.get("zp_w", zero_point(rng, dtype)) if dtype == "uint8" else 0
    kind = "sparse" if p["mode"] == "left" else p["weights"]
    weights = (np.asarray(p["filter"], dtype).reshape(filter_shape) if "filter" in p
               else draw_weights(rng, filter_shape, kind, dtype, zp_w))
    full = np.concatenate([weights] * p.get("groups", 1), axis=3) if not depthwise else weights  # near enough to choose a scale
    acc = accumulators(sample.astype(np.int64) - zp_in, full.astype(np.int64) - zp_w, p)
    bias = None
    if p["mode"] == "tiny":
        bias = rng.integers(-2 ** 30, 2 ** 30, channels)
    elif p["bias"]:
        bias = np.round(rng.normal(0, 1, channels) * acc.std()).astype(np.int64)
    bias = p.get("bias_values", bias)
    s_in, s_w, s_out, zp_out = scales(rng, p, acc + (0 if bias is None else bias), dtype, channels, s_in)
    if not p["per_channel"]:
        s_w = s_w[:1]

    inputs = [source, graph.tensor(filter_shape, dtype, s_w, zp_w, weights, axis=3 if depthwise else 0)]
    if bias is not None:
        inputs.append(graph.tensor((channels,), "int32", s_in * s_w, 0, bias))
    output = graph.tensor((p["n"], p["oh"], p["ow"], channels), dtype, s_out, zp_out)
    options = dict(padding=p["padding"], strideH=p["sh"], strideW=p["sw"], dilationHFactor=p["dh"],
                   dilationWFactor=p["dw"], fusedActivationFunction=p["act"])
    if depthwise:
        options["depthMultiplier"] = channels // p["cin"]
    graph.op("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", inputs, output, p["macs"], **options)
    real = np.float64(s_in) * np.float64(s_w) / np.float64(s_out)
    facts = {"left shifts": int((real >= 1).sum()), "multiplier 0": int((real < 2.0 ** -32).sum()),
             "batch > 1": int(p["n"] > 1), "dilated": int(p["dh"] * p["dw"] > 1), "no bias": int(bias is None),
             "per-channel": int(p["per_channel"]), "depth multiplier > 1": int(depthwise and channels > p["cin"])}
    return output, facts


def conv(rng, dtype="int8", depthwise=False, special="", **fixed):
    # tflite-runtime, the reference for UINT8, refuses CONV_2D without a bias.
    p = draw(rng, depthwise, fixed | {"must_have_bias": dtype == "uint8" and not depthwise})
    shape = (p["n"], p["h"], p["w"], p["cin"])
    zp_in = p.get("zp_in", zero_point(rng, dtype))
    s_in = np.float32(p.get("s_in", log_uniform(rng, 1e-3, 2)))
    spread = p.get("spread", 8 if p["mode"] == "left" else None)
    graph = Graph()
    source = graph.input(shape, dtype, s_in, zp_in)
    output, facts = add_conv(rng, graph, source, uniform(rng, shape, dtype, zp_in, spread), p)
    graph.outputs = [output]
    made = p["records"](rng, graph) if "records" in p else records(rng, graph, spread)
    return Made(graph, f"{special}: {describe(p, facts)}" if special else describe(p, facts), made, facts)


def describe(p, facts):
    text = [f"in {shape_text((p['n'], p['h'], p['w'], p['cin']))}", f"k {p['kh']}x{p['kw']}",
            f"s {p['sh']}x{p['sw']}"]
    if p["dh"] * p["dw"] > 1:
        text.append(f"dilation {p['dh']}x{p['dw']}")
    text += [f"{p['padding']}", f"{p['cout']} channels", p["act"], "per-channel" if facts["per-channel"] else "per-tensor"]
    if facts["no bias"]:
        text.append("no bias")
    if p["mode"] != "fit":
        text.append({"left": "multiplier > 1", "tiny": "tiny multiplier"}[p["mode"]])
    return " ".join(text)
