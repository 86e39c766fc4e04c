"""The list of all cases: name, operator, type and what makes it."""

import dataclasses
from functools import partial
from typing import Callable

import cases_conv
import cases_elementwise as elementwise
import cases_fc
import cases_pool


@dataclasses.dataclass
class Case:
    """`maker` takes a random generator. A deliberate case may have outputs that are all equal."""

    name: str
    operator: str
    dtype: str
    maker: Callable
    deliberate: bool = False


def random_cases():
    """(operator, how many, maker)"""
    yield "CONV_2D", 80, cases_conv.conv
    yield "DEPTHWISE_CONV_2D", 72, partial(cases_conv.conv, depthwise=True)
    yield "FULLY_CONNECTED", 34, cases_fc.fully_connected
    yield "AVERAGE_POOL_2D", 26, partial(cases_pool.pool, operator="AVERAGE_POOL_2D")
    yield "MAX_POOL_2D", 26, partial(cases_pool.pool, operator="MAX_POOL_2D")
    yield "ADD", 36, partial(elementwise.binary, operator="ADD")
    yield "MUL", 30, partial(elementwise.binary, operator="MUL")
    yield "SOFTMAX", 26, elementwise.softmax
    yield "LOGISTIC", 16, elementwise.logistic
    yield "RELU", 10, partial(elementwise.activation, operator="RELU")
    yield "RELU6", 10, partial(elementwise.activation, operator="RELU6")
    yield "DEQUANTIZE", 8, elementwise.dequantize


def all_cases():
    cases = []
    for operator, count, maker in random_cases():
        cases += [Case(f"{operator.lower()}_{n:03}", operator, "int8", maker) for n in range(count)]
    return cases
