"""ADD and MUL, with broadcasting; LOGISTIC, RELU, RELU6; QUANTIZE and DEQUANTIZE."""

import numpy as np

from common import (ACTIVATIONS, RANGE, Made, fit, integer, log_uniform, output_scale, pick, product, ramp, records,
                    shape_text, uniform, zero_point)
from tflite_file import Graph

SHAPES = [((7,), (7,)), ((2, 9), (2, 9)), ((3, 4, 5), (3, 4, 5)), ((1, 4, 5, 6), (1, 4, 5, 6)),
          ((2, 3, 3, 4), (2, 3, 3, 4))]
BROADCASTS = [((1, 4, 5, 6), (6,)), ((1, 4, 5, 6), (1, 1, 1, 6)), ((2, 3, 4, 5), (2, 1, 1, 5)), ((5, 6), (1,)),
              ((2, 3, 4), (3, 4)), ((1, 3, 1, 4), (2, 1, 5, 4)), ((2, 1, 3, 1), (1, 4, 1, 5)), ((4, 1), (1, 7)),
              ((2, 3, 4, 5), (1, 3, 4, 1)), ((1, 1, 1, 1), (1, 3, 4, 2)), ((3, 1, 2), (1, 5, 2))]


def binary(rng, operator, dtype="int8", special="", **fixed):
    """ADD or MUL of two inputs, or of one input and a constant."""
    broadcast = bool(rng.random() < 0.5)
    shapes = pick(rng, BROADCASTS if broadcast else SHAPES)
    p = {"shapes": shapes if rng.random() < 0.5 else shapes[::-1], "act": pick(rng, ACTIVATIONS, [4, 2, 1, 1]),
         "mode": pick(rng, ["fit", "saturating", "wide"], [7, 1, 2]), "constant": bool(rng.random() < 0.25)}
    p.update(fixed)
    first, second = p["shapes"]
    s_out = np.float32(p.get("s_out", output_scale(rng, p["act"])))
    points = [p.get(f"zp{n}", zero_point(rng, dtype)) for n in (1, 2)]
    a, b = (uniform(rng, s, dtype).astype(np.int64) - z for s, z in zip(p["shapes"], points))
    # How much larger one input's scale is than the other's.
    ratio = p.get("ratio", log_uniform(rng, 1 / 300, 300) if p["mode"] == "wide" else log_uniform(rng, 0.2, 5))
    real = (a + b * ratio) if operator == "ADD" else a * b
    factor, zp_out = fit(rng, real, dtype)
    factor = p.get("factor", factor * rng.uniform(3, 12) if p["mode"] == "saturating" else factor)
    zp_out = p.get("zp_out", zp_out)
    if operator == "ADD":
        s1 = np.float32(factor * s_out)
        s2 = np.float32(factor * s_out * ratio)
    else:
        s1 = np.float32(log_uniform(rng, 1e-2, 1))
        s2 = np.float32(factor * s_out / s1)
    graph = Graph()
    constant = uniform(rng, second, dtype) if p["constant"] else None
    inputs = [graph.input(first, dtype, s1, points[0]),
              graph.tensor(second, dtype, s2, points[1], constant) if p["constant"]
              else graph.input(second, dtype, s2, points[1])]
    shape = np.broadcast_shapes(first, second)
    output = graph.tensor(shape, dtype, s_out, zp_out)
    graph.op(operator, inputs, output, product(shape), fusedActivationFunction=p["act"])
    graph.outputs = [output]
    text = f"{shape_text(first)} and {shape_text(second)} {p['act']} scales {s1:.3g} {s2:.3g} to {s_out:.3g}"
    text += " constant" * p["constant"] + {"saturating": " saturating"}.get(p["mode"], "")
    left = s1 * s2 / s_out >= 1 if operator == "MUL" else 2 * max(s1, s2) / s_out >= 2 ** 20
    facts = {"broadcast": int(first != second), "left shifts": int(left)}
    return Made(graph, special or text, p["records"](rng, graph) if "records" in p else records(rng, graph), facts)


def unary_shape(rng):
    return tuple(integer(rng, 1, 5) for _ in range(integer(rng, 0, 3)))


def activation(rng, operator, dtype="int8", special="", **fixed):
    """RELU and RELU6 as operators of their own, half of them with a rescale between input and output.

    tflite-micro's RELU6 clamps by the input's scale and zero point and ignores the output's.
    """
    s_in = log_uniform(rng, 0.02, 0.3)
    p = {"shape": unary_shape(rng) + (7,), "s_in": s_in, "s_out": s_in * pick(rng, [1.0, rng.uniform(0.3, 3)]),
         "zp_in": min(zero_point(rng, dtype), RANGE[dtype][1] - 60), "zp_out": zero_point(rng, dtype)}
    if rng.random() < 0.5:
        p |= {"s_out": p["s_in"], "zp_out": p["zp_in"]}
    p.update(fixed)
    text = f"{shape_text(p['shape'])} scale {p['s_in']:.3g} to {p['s_out']:.3g} zero point {p['zp_in']} to {p['zp_out']}"
    return unary(rng, operator, dtype, p, f"{special}: {text}" if special else text)


def logistic(rng, dtype="int8", special="", **fixed):
    p = {"shape": unary_shape(rng) + (9,), "s_in": log_uniform(rng, 0.005, 0.5), "zp_in": zero_point(rng, dtype),
         "s_out": 1 / 256, "zp_out": RANGE[dtype][0]}
    p.update(fixed)
    return unary(rng, "LOGISTIC", dtype, p, special or f"{shape_text(p['shape'])} scale {p['s_in']:.3g}")


def unary(rng, operator, dtype, p, special, out_dtype=None):
    graph = Graph()
    source = graph.input(p["shape"], dtype, p["s_in"], p["zp_in"])
    output = graph.tensor(p["shape"], out_dtype or dtype, p["s_out"], p["zp_out"])
    graph.op(operator, [source], output, product(p["shape"]))
    graph.outputs = [output]
    made = records(rng, graph) if dtype != "float32" else float_records(rng, p)
    left = operator != "LOGISTIC" and dtype != "float32" and p["s_out"] is not None and p["s_in"] / p["s_out"] >= 1
    return Made(graph, special, made, {"left shifts": int(left)})


def float_records(rng, p):
    """Spread over the range and beyond it, halves (ties), and far outside."""
    scale, shape = np.float32(p["s_out"]), p["shape"]
    count = product(shape)
    spread = rng.normal(0, 90, shape)
    ties = (np.arange(count) - count // 2 + 0.5).reshape(shape)
    far = np.resize([1e6, -1e6, 0.0, -0.0, 127.49, -128.5], shape) * rng.uniform(1, 3)
    return [[np.float32(v) * scale] for v in (spread, ties, far)]


def quantize(rng, from_type, to_type, special="", **fixed):
    s_in = log_uniform(rng, 1e-3, 1)
    same = rng.random() < 0.25 and from_type != "float32"
    p = {"shape": unary_shape(rng) + (8,), "s_in": s_in, "zp_in": zero_point(rng, from_type) if from_type in RANGE else 0,
         "s_out": s_in * (1.0 if same else log_uniform(rng, 0.4, 4)), "zp_out": zero_point(rng, to_type)}
    if from_type == "float32":
        p["s_in"] = None
    if same and from_type != to_type:
        p["zp_out"] = p["zp_in"] + (128 if to_type == "uint8" else -128)
    p.update(fixed)
    ratio = "" if p["s_in"] is None else f" ratio {p['s_in'] / p['s_out']:.3g}"
    return unary(rng, "QUANTIZE", from_type, p,
                 special or f"{from_type} to {to_type} {shape_text(p['shape'])}{ratio}", to_type)


def dequantize(rng, dtype="int8", special="", **fixed):
    p = {"shape": unary_shape(rng) + (8,), "s_in": log_uniform(rng, 1e-4, 3), "zp_in": zero_point(rng, dtype),
         "s_out": None, "zp_out": 0}
    p.update(fixed)
    return unary(rng, "DEQUANTIZE", dtype, p, special or f"{dtype} to float32 {shape_text(p['shape'])}", "float32")


def softmax(rng, dtype="int8", special="", **fixed):
    shape = tuple(integer(rng, 1, 3) for _ in range(integer(rng, 0, 3))) + (integer(rng, 2, 20),)
    p = {"shape": shape, "scale": log_uniform(rng, 0.004, 0.5), "beta": pick(rng, [1.0, rng.uniform(0.2, 3)], [2, 1]),
         "zp": zero_point(rng, dtype)}
    p.update(fixed)
    graph = Graph()
    source = graph.input(p["shape"], dtype, p["scale"], p["zp"])
    output = graph.tensor(p["shape"], dtype, 1 / 256, RANGE[dtype][0])
    graph.op("SOFTMAX", [source], output, product(p["shape"]), beta=p["beta"])
    graph.outputs = [output]
    made = p["records"](rng, graph) if "records" in p else softmax_records(rng, p, dtype)
    text = f"{shape_text(p['shape'])} scale {p['scale']:.3g} beta {p['beta']:.3g}"
    return Made(graph, special or text, made)


def softmax_records(rng, p, dtype):
    """Uniform, close together, all equal, ramp."""
    near = uniform(rng, p["shape"], dtype, sum(RANGE[dtype]) // 2, 12)
    equal = np.full(p["shape"], integer(rng, *RANGE[dtype]), dtype)
    return [[uniform(rng, p["shape"], dtype)], [near], [equal], [ramp(rng, p["shape"], dtype)]]
