"""PAD, RESHAPE, CONCATENATION, STRIDED_SLICE, TRANSPOSE and MEAN: operators whose difficulty is the index arithmetic."""

import numpy as np

from common import Made, fit, integer, log_uniform, pick, product, records, shape_text, uniform, zero_point
from tflite_file import Graph


def small_shape(rng, rank, largest=6):
    return tuple(integer(rng, 1, largest if rank < 5 else 4) for _ in range(rank))


def start(rng, shape, dtype, p):
    graph = Graph()
    scale, point = p.get("scale", log_uniform(rng, 1e-3, 2)), p.get("zp", zero_point(rng, dtype))
    return graph, scale, point, graph.input(shape, dtype, scale, point)


def finish(rng, graph, output, special, facts=None):
    graph.outputs = [output]
    return Made(graph, special, records(rng, graph), facts or {})


def pad(rng, dtype="int8", special="", **p):
    shape = p.get("shape", small_shape(rng, p.get("rank", integer(rng, 1, 4)), 5))
    pads = p.get("pads", [[integer(rng, 0, 3), integer(rng, 0, 3)] for _ in shape])
    graph, scale, point, source = start(rng, shape, dtype, p)
    out = tuple(n + before + after for n, (before, after) in zip(shape, pads))
    inputs = [source, graph.constant(pads)]
    output = graph.op("PAD", inputs, graph.tensor(out, dtype, scale, point), product(out))
    return finish(rng, graph, output, special or f"{shape_text(shape)} by {pads} zero point {point}")


def reshape(rng, dtype="int8", special="", **p):
    shape = p.get("shape", small_shape(rng, integer(rng, 1, 5), 5))
    out = p.get("out")
    if out is None:
        rest, out = product(shape), []
        while rest > 1 and len(out) < 3:
            out.append(pick(rng, [d for d in range(1, rest + 1) if rest % d == 0]))
            rest //= out[-1]
        out = tuple(out + [rest])
    graph, scale, point, source = start(rng, shape, dtype, p)
    asked = list(out)
    if p.get("guess", rng.random() < 0.3):
        asked[integer(rng, 0, len(asked) - 1)] = -1
    inputs = [source] if p.get("options_only") else [source, graph.constant(asked)]
    output = graph.op("RESHAPE", inputs, graph.tensor(out, dtype, scale, point), 0, newShape=asked)
    return finish(rng, graph, output, special or f"{shape_text(shape)} to {asked}")


def transpose(rng, dtype="int8", special="", **p):
    rank = p.get("rank", integer(rng, 2, 5))
    shape = p.get("shape", tuple(integer(rng, 2, 6 if rank < 5 else 4) for _ in range(rank)))
    permutation = p.get("permutation", [int(n) for n in rng.permutation(len(shape))])
    graph, scale, point, source = start(rng, shape, dtype, p)
    out = tuple(shape[n] for n in permutation)
    output = graph.op("TRANSPOSE", [source, graph.constant(permutation)], graph.tensor(out, dtype, scale, point),
                      product(out))
    return finish(rng, graph, output, special or f"{shape_text(shape)} by {permutation}")


def concatenation(rng, dtype="int8", special="", **p):
    rank = p.get("rank", integer(rng, 1, 4))
    base = list(p.get("shape", small_shape(rng, rank, 5)))
    axis = p.get("axis", integer(rng, -rank, rank - 1))
    count = p.get("count", integer(rng, 2, 4))
    scale, point = log_uniform(rng, 1e-3, 2), zero_point(rng, dtype)
    graph, inputs, total = Graph(), [], 0
    for n in range(count):
        base[axis] = integer(rng, 1, 5)
        total += base[axis]
        if n and n == p.get("constant"):
            inputs.append(graph.tensor(base, dtype, scale, point, uniform(rng, base, dtype)))
        else:
            inputs.append(graph.input(tuple(base), dtype, scale, point))
    base[axis] = total
    output = graph.op("CONCATENATION", inputs, graph.tensor(base, dtype, scale, point), product(base), axis=axis)
    return finish(rng, graph, output, special or f"{count} inputs to {shape_text(base)} axis {axis}",
                  {"negative axis": int(axis < 0)})


def draw_slice(rng, size, negative):
    """(begin, end, stride, begin mask, end mask, shrink) that leaves at least one element of `size`."""
    while True:
        stride = integer(rng, 1, 3) * (-1 if negative and rng.random() < 0.5 else 1)
        begin, end = integer(rng, -size - 1, size), integer(rng, -size - 1, size + 2)
        no_begin, no_end, shrink = (int(rng.random() < q) for q in (0.25, 0.25, 0.15))
        if shrink:
            begin, stride, no_begin, no_end = integer(rng, -size, size - 1), 1, 0, 0
            end = begin + 1
            return begin, end, stride, no_begin, no_end, shrink
        if len(range(size)[None if no_begin else begin:None if no_end else end:stride]) > 0:
            return begin, end, stride, no_begin, no_end, 0


def strided_slice(rng, dtype="int8", special="", **p):
    rank = p.get("rank", integer(rng, 1, 4))
    negative = p.get("negative", rng.random() < 0.3)
    while True:
        shape = p.get("shape", small_shape(rng, rank, {1: 40, 2: 14, 3: 9, 4: 7}[rank]))
        cuts = p.get("cuts", [draw_slice(rng, size, negative) for size in shape])
        index = tuple(begin if shrink else slice(None if nb else begin, None if ne else end, stride)
                      for begin, end, stride, nb, ne, shrink in cuts)
        out = np.zeros(shape)[index].shape
        if product(out) >= 6 or "cuts" in p:
            break
    graph, scale, point, source = start(rng, shape, dtype, p)
    vectors = [graph.constant([cut[n] for cut in cuts]) for n in range(3)]
    masks = [sum(cut[n] << axis for axis, cut in enumerate(cuts)) for n in (3, 4, 5)]
    output = graph.op("STRIDED_SLICE", [source, *vectors], graph.tensor(out, dtype, scale, point), product(out),
                      beginMask=masks[0], endMask=masks[1], shrinkAxisMask=masks[2])
    columns = [list(column) for column in zip(*cuts)]
    text = f"{shape_text(shape)} begin {columns[0]} end {columns[1]} strides {columns[2]} masks {masks}"
    facts = {"negative stride": int(min(columns[2]) < 0), "shrink": int(masks[2] != 0), "masks": int(masks[0] + masks[1] > 0)}
    return finish(rng, graph, output, f"{special}: {text}" if special else text, facts)


def mean(rng, dtype="int8", special="", **p):
    rank = p.get("rank", integer(rng, 1, 4))
    while True:
        shape = p.get("shape", small_shape(rng, rank, {1: 30, 2: 16, 3: 9, 4: 8}[rank]))
        rank = len(shape)
        chosen = sorted(rng.choice(rank, integer(rng, 1, rank), replace=False))
        axes = p.get("axes", [int(a) - (rank if rng.random() < 0.3 else 0) for a in chosen])
        outputs = product(shape) // product([shape[a] for a in axes])
        if {"shape", "axes"} & set(p) or (outputs >= 4 or rng.random() < 0.2) and 6 <= product(shape) <= 800:
            break
    keep = p.get("keep", bool(rng.random() < 0.5))
    graph, scale, point, source = start(rng, shape, dtype, p)
    reduced = tuple(sorted({a % rank for a in axes}))
    count = product([shape[a] for a in reduced])
    values = (uniform(rng, shape, dtype).astype(np.int64) - point).sum(reduced, keepdims=keep)
    same = p.get("same", bool(rng.random() < 0.35))
    factor, out_point = fit(rng, values / count, dtype)
    factor = p.get("factor", min(factor, 20.0))
    out_scale, out_point = (scale, point) if same else (scale / factor, p.get("zp_out", out_point))
    output = graph.tensor(values.shape, dtype, out_scale, out_point)
    graph.op("MEAN", [source, graph.constant(axes)], output, product(shape), keepDims=keep)
    text = f"{shape_text(shape)} axes {axes}{' keep_dims' if keep else ''} n {count}{' same scale' if same else ''}"
    facts = {"n not a power of two": int(count & (count - 1) > 0), "same scale": int(same), "keep_dims": int(keep),
             "left shifts": int(scale / out_scale / count >= 1)}
    return finish(rng, graph, output, f"{special}: {text}" if special else text, facts)
