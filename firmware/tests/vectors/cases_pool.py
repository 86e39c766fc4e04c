"""AVERAGE_POOL_2D and MAX_POOL_2D cases; input and output have one scale, as the operators demand."""

from cases_conv import output_size
from common import ACTIVATIONS, Made, integer, log_uniform, output_scale, pick, records, shape_text, zero_point
from tflite_file import Graph


def pool(rng, operator, dtype="int8", special="", **fixed):
    while True:
        p = {
            "n": pick(rng, [1, 2, 3], [5, 1, 1]), "h": integer(rng, 1, 9), "w": integer(rng, 1, 9),
            "c": integer(rng, 1, 9), "fh": integer(rng, 1, 5), "fw": integer(rng, 1, 5),
            "sh": integer(rng, 1, 4), "sw": integer(rng, 1, 4), "padding": pick(rng, ["SAME", "VALID"]),
            "act": pick(rng, ACTIVATIONS, [4, 2, 2, 2]),
        }
        p.update(fixed)
        oh, _ = output_size(p["h"], p["fh"], p["sh"], 1, p["padding"])
        ow, _ = output_size(p["w"], p["fw"], p["sw"], 1, p["padding"])
        if oh > 0 and ow > 0 and 3 <= p["n"] * p["h"] * p["w"] * p["c"] <= 500:
            break
    scale = output_scale(rng, p["act"]) if p["act"] != "NONE" else log_uniform(rng, 1e-3, 2)
    point = p.get("zp", zero_point(rng, dtype))
    if p["act"] == "RELU":
        point = min(point, 60) if dtype == "int8" else min(point, 190)
    shape = (p["n"], p["h"], p["w"], p["c"])
    graph = Graph()
    source = graph.input(shape, dtype, scale, point)
    output = graph.tensor((p["n"], oh, ow, p["c"]), dtype, scale, point)
    graph.op(operator, [source], output, p["n"] * oh * ow * p["c"] * p["fh"] * p["fw"], padding=p["padding"],
             strideH=p["sh"], strideW=p["sw"], filterHeight=p["fh"], filterWidth=p["fw"],
             fusedActivationFunction=p["act"])
    graph.outputs = [output]
    text = (f"in {shape_text(shape)} window {p['fh']}x{p['fw']} s {p['sh']}x{p['sw']} {p['padding']} {p['act']}")
    return Made(graph, special or text, records(rng, graph), {"batch > 1": int(p["n"] > 1)})
