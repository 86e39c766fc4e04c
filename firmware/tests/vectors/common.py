"""What all case makers share: the `Made` case, value ranges, scales that fit, and input records."""

import dataclasses
import math

import numpy as np

from tflite_file import Graph

RANGE = {"int8": (-128, 127), "uint8": (0, 255)}
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


@dataclasses.dataclass
class Made:
    """One case before a reference has run it. `facts` counts what the quality report adds up."""

    graph: Graph
    special: str
    records: list
    facts: dict = dataclasses.field(default_factory=dict)


def pick(rng, values, weights=None):
    """One of `values` as a plain Python object."""
    p = None if weights is None else np.array(weights) / sum(weights)
    return values[int(rng.choice(len(values), p=p))]


def integer(rng, low, high):
    """From `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def zero_point(rng, dtype):
    """Mostly inside, sometimes an end of the range or its middle."""
    low, high = RANGE[dtype]
    return pick(rng, [integer(rng, low, high), low, high, (low + high + 1) // 2], [6, 1, 1, 1])


def output_scale(rng, activation):
    """A scale at which the activation's upper limit falls inside the 8-bit range."""
    if activation == "RELU6":
        return 6.0 / rng.uniform(40, 250)
    if activation == "RELU_N1_TO_1":
        return 1.0 / rng.uniform(20, 110)
    return log_uniform(rng, 1e-3, 3)


def clamp_limits(dtype, activation, scale, point):
    low, high = RANGE[dtype]
    quantized = lambda v: point + int(math.copysign(math.floor(abs(v / scale) + 0.5), v))
    if activation != "NONE":
        low = max(low, quantized(-1.0) if activation == "RELU_N1_TO_1" else quantized(0.0))
    if activation in ("RELU6", "RELU_N1_TO_1"):
        high = min(high, quantized(6.0 if activation == "RELU6" else 1.0))
    return low, high


def fit(rng, real, dtype, scale_low=90, scale_high=230):
    """(factor, zero point) that bring the numbers `real` into most of the 8-bit range."""
    low, high = RANGE[dtype]
    bottom, middle, top = np.percentile(real, [4, 50, 96])
    spread = top - bottom or max(abs(middle), 1.0)  # constant values must not make infinite scales
    factor = rng.uniform(scale_low, scale_high) / spread
    centre = (low + high) / 2 + rng.uniform(-30, 30)
    return factor, int(np.clip(round(centre - (bottom + top) / 2 * factor), low, high))


def uniform(rng, shape, dtype, centre=None, spread=None):
    low, high = RANGE[dtype]
    if spread is not None:
        low, high = max(low, centre - spread), min(high, centre + spread)
    return rng.integers(low, high + 1, shape).astype(dtype)


def ramp(rng, shape, dtype):
    """Walks through the range by an odd step, so that each value comes equally often."""
    low, _ = RANGE[dtype]
    start, step = integer(rng, 0, 255), 2 * integer(rng, 0, 4) + 1
    count = int(np.prod(shape))
    return ((start + step * np.arange(count)) % 256 + low).astype(dtype).reshape(shape)


def records(rng, graph, spread=None):
    """Random, both extremes, ramp. With `spread` the random record stays that near to the zero point."""
    parts = [graph.arrays[index] for index in graph.inputs]
    made = [[uniform(rng, s, d, p, spread) for s, d, _, p in parts]]
    flip = integer(rng, 0, 1) if len(parts) > 1 else 0
    for end in (0, 1):
        # With several inputs: in half of the cases the ends oppose each other.
        made.append([np.full(s, RANGE[d][end ^ (flip & n & 1)], d) for n, (s, d, _, _) in enumerate(parts)])
    made.append([ramp(rng, s, d) for s, d, _, _ in parts])
    return made


def product(shape):
    return int(np.prod(shape, dtype=np.int64))


def shape_text(shape):
    return "x".join(str(n) for n in shape)
