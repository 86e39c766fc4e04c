"""The list of all cases: name, operator, type and what makes it."""

import dataclasses
from functools import partial
from typing import Callable

import cases_conv
import cases_elementwise as elementwise
import cases_fc
import cases_graph
import cases_pool
import cases_shape as shape
import corners
import corners_more as more

depthwise = partial(cases_conv.conv, depthwise=True)
MAKERS = {
    "CONV_2D": cases_conv.conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": cases_fc.fully_connected,
    "AVERAGE_POOL_2D": partial(cases_pool.pool, operator="AVERAGE_POOL_2D"),
    "MAX_POOL_2D": partial(cases_pool.pool, operator="MAX_POOL_2D"),
    "ADD": partial(elementwise.binary, operator="ADD"),
    "MUL": partial(elementwise.binary, operator="MUL"),
    "SOFTMAX": elementwise.softmax,
    "LOGISTIC": elementwise.logistic,
    "RELU": partial(elementwise.activation, operator="RELU"),
    "RELU6": partial(elementwise.activation, operator="RELU6"),
    "DEQUANTIZE": elementwise.dequantize,
    "MEAN": shape.mean,
    "PAD": shape.pad,
    "RESHAPE": shape.reshape,
    "CONCATENATION": shape.concatenation,
    "STRIDED_SLICE": shape.strided_slice,
    "TRANSPOSE": shape.transpose,
}
RANDOM_INT8 = {
    "CONV_2D": 84, "DEPTHWISE_CONV_2D": 76, "FULLY_CONNECTED": 48, "AVERAGE_POOL_2D": 24, "MAX_POOL_2D": 24,
    "ADD": 34, "MUL": 28, "SOFTMAX": 20, "LOGISTIC": 12, "RELU": 10, "RELU6": 10, "DEQUANTIZE": 8, "MEAN": 26,
    "PAD": 14, "RESHAPE": 10, "CONCATENATION": 20, "STRIDED_SLICE": 30, "TRANSPOSE": 18,
}
RANDOM_UINT8 = {
    "CONV_2D": 14, "DEPTHWISE_CONV_2D": 12, "FULLY_CONNECTED": 10, "AVERAGE_POOL_2D": 5, "MAX_POOL_2D": 5, "ADD": 7,
    "MUL": 6, "SOFTMAX": 5, "LOGISTIC": 4, "RELU": 4, "MEAN": 6, "PAD": 3, "RESHAPE": 3, "CONCATENATION": 4,
}
QUANTIZE_TYPES = [("float32", "int8", 6), ("int8", "int8", 8), ("int8", "uint8", 6), ("uint8", "int8", 6)]
CORNERS = {
    "CONV_2D": corners.CONV | corners.SAME_GEOMETRIES, "DEPTHWISE_CONV_2D": corners.DEPTHWISE | corners.SAME_GEOMETRIES,
    "FULLY_CONNECTED": corners.FULLY_CONNECTED, "AVERAGE_POOL_2D": more.AVERAGE_POOL_2D,
    "MAX_POOL_2D": more.MAX_POOL_2D, "ADD": more.ADD, "MUL": more.MUL, "SOFTMAX": more.SOFTMAX,
    "LOGISTIC": more.LOGISTIC, "RELU": more.RELU, "RELU6": more.RELU6, "MEAN": more.MEAN, "PAD": more.PAD,
    "RESHAPE": more.RESHAPE, "TRANSPOSE": more.TRANSPOSE, "CONCATENATION": more.CONCATENATION,
    "STRIDED_SLICE": more.STRIDED_SLICE,
}
UINT8_CORNERS = {
    "CONV_2D": ["same_odd_padding", "same_even_kernel", "same_kernel_beyond_image", "same_dilated", "batch_4"],
    "DEPTHWISE_CONV_2D": ["same_odd_padding", "multiplier_8_one_channel", "multiplier_2_dilated"],
    "FULLY_CONNECTED": ["rank_4_input", "keep_dims_rank_3", "batch_8"],
    "AVERAGE_POOL_2D": ["edges_3x3_same", "ties_2x1", "ties_2x2", "window_beyond_image"],
    "MAX_POOL_2D": ["edges_3x3_same", "window_beyond_image"],
    "SOFTMAX": ["below_diff_min", "around_diff_min", "long_equal_row", "one_element_rows"],
    "MEAN": ["n_9", "n_7", "n_49", "same_scale_truncates", "same_scale_keep", "axes_1_and_3"],
    "ADD": ["both_broadcast"], "MUL": ["both_broadcast"], "CONCATENATION": ["last_axis"],
}


@dataclasses.dataclass
class Case:
    """`maker` takes a random generator. A deliberate case may have outputs that are all equal."""

    name: str
    operator: str
    dtype: str
    maker: Callable
    deliberate: bool = False


def random_cases(counts, dtype):
    for operator, count in counts.items():
        name = f"{operator.lower()}_uint8" if dtype == "uint8" else operator.lower()
        for n in range(count):
            yield Case(f"{name}_{n:03}", operator, dtype, partial(MAKERS[operator], dtype=dtype))


def quantize_cases():
    for source, to, count in QUANTIZE_TYPES:
        for n in range(count):
            yield Case(f"quantize_{source}_{to}_{n:03}", "QUANTIZE", f"{source}-{to}",
                       partial(elementwise.quantize, from_type=source, to_type=to))
    for name, (source, to, special, p) in more.QUANTIZE.items():
        yield Case(f"quantize_corner_{name}", "QUANTIZE", f"{source}-{to}",
                   partial(elementwise.quantize, from_type=source, to_type=to, special=special, **p), True)
    for dtype in ("int8", "uint8"):
        yield Case(f"dequantize_corner_{dtype}_all", "DEQUANTIZE", dtype if dtype == "int8" else "uint8-float32",
                   partial(elementwise.dequantize, dtype=dtype, special=f"all 256 values of {dtype} to float32",
                           shape=(256,), s_in=0.1, zp_in=3))


def corner_cases():
    for operator, table in CORNERS.items():
        for name, (special, p) in table.items():
            yield Case(f"{operator.lower()}_corner_{name}", operator, "int8",
                       partial(MAKERS[operator], special=special, **p), True)
    for operator, names in UINT8_CORNERS.items():
        for name in names:
            special, p = CORNERS[operator][name]
            if name == "edges_3x3_same":
                p = p | {"zp": 255 if operator == "MAX_POOL_2D" else 0}
            yield Case(f"{operator.lower()}_uint8_corner_{name}", operator, "uint8",
                       partial(MAKERS[operator], dtype="uint8", special=special, **p), True)


def product_cases():
    """Which product of the scales decides: one case for each operator, type and granularity."""
    for operator in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        for dtype, per_channel in (("int8", False), ("int8", True), ("uint8", False)):
            kind = "uint8" if dtype == "uint8" else "per_channel" if per_channel else "per_tensor"
            fixed = {"depthwise": True} if operator == "DEPTHWISE_CONV_2D" else {}
            maker = cases_conv.conv if operator != "FULLY_CONNECTED" else cases_fc.fully_connected
            special = corners.PRODUCT
            if operator == "FULLY_CONNECTED" and kind == "per_tensor":
                special += " (depends on the version of tflite-micro: README.md)"
            yield Case(f"{operator.lower()}_corner_scale_product_{kind}", operator, dtype,
                       partial(corners.product_case, maker=maker, dtype=dtype, special=special,
                               per_channel=per_channel, **fixed), True)


def graph_cases():
    for builder in cases_graph.INT8_GRAPHS:
        for n in range(1 if builder is cases_graph.reshapes_only else 3):
            yield Case(f"graph_{builder.__name__}_{n}", "graph", "int8", partial(cases_graph.graph, builder=builder))
    for builder in cases_graph.UINT8_GRAPHS:
        yield Case(f"graph_uint8_{builder.__name__}", "graph", "uint8",
                   partial(cases_graph.graph, builder=builder, dtype="uint8"))


def all_cases():
    return [*random_cases(RANDOM_INT8, "int8"), *quantize_cases(), *corner_cases(), *product_cases(), *graph_cases(),
            *random_cases(RANDOM_UINT8, "uint8")]
