"""Reads the parts of a .tflite file that an exporter needs: bytes in, a Model of plain values out.

A .tflite is a flatbuffer: tables whose fields are found through a vtable of 16-bit offsets, all
little-endian, positions relative to where they stand. Field numbers below are those of TFLite schema
version 3. Standard library only, so that re-running the export needs no TensorFlow.
"""

import dataclasses
import struct

TYPES = {0: "float32", 2: "int32", 3: "uint8", 4: "int64", 7: "int16", 9: "int8"}
SAME, VALID = 0, 1


class Unsupported(Exception):
    """The file is no .tflite, or has something that the firmware's kernels do not do."""


class Table:
    """One flatbuffer table; an absent field answers with its default."""

    def __init__(self, raw, position):
        self.raw, self.position = raw, position
        self.vtable = position - self._read("i", position)
        self.slots = (self._read("H", self.vtable) - 4) // 2

    def _read(self, code, position):
        return struct.unpack_from("<" + code, self.raw, position)[0]

    def _field(self, number):
        """Position of a field's value, or None if the table lacks it."""
        offset = self._read("H", self.vtable + 4 + 2 * number) if number < self.slots else 0
        return self.position + offset if offset else None

    def scalar(self, number, code, default=0):
        at = self._field(number)
        return default if at is None else self._read(code, at)

    def table(self, number):
        at = self._field(number)
        return None if at is None else Table(self.raw, at + self._read("I", at))

    def _vector(self, number):
        """(position of element 0, length); length 0 for an absent vector."""
        at = self._field(number)
        if at is None:
            return 0, 0
        at += self._read("I", at)
        return at + 4, self._read("I", at)

    def scalars(self, number, code):
        at, length = self._vector(number)
        return list(struct.unpack_from(f"<{length}{code}", self.raw, at)) if length else []

    def tables(self, number):
        at, length = self._vector(number)
        places = range(at, at + 4 * length, 4)
        return [Table(self.raw, place + self._read("I", place)) for place in places]

    def text(self, number):
        at, length = self._vector(number)
        return self.raw[at : at + length].decode("utf-8", "replace")

    def octets(self, number):
        at, length = self._vector(number)
        return self.raw[at : at + length]


@dataclasses.dataclass
class Tensor:
    index: int
    name: str
    shape: list
    type: str
    data: bytes  # empty for an activation
    scales: list  # float32 values, one a channel (or one in all)
    zero_points: list
    channel_dimension: int

    def count(self):
        n = 1
        for extent in self.shape:
            n *= extent
        return n

    def values(self):
        code = {"int8": "b", "int32": "i"}[self.type]
        size = struct.calcsize(code) * self.count()
        if len(self.data) != size:
            found = f"tensor {self.index} ({self.name}) has {len(self.data)} data bytes"
            raise Unsupported(f"{found}, its shape needs {size}")
        return list(struct.unpack(f"<{self.count()}{code}", self.data))


@dataclasses.dataclass
class Operator:
    code: int
    inputs: list
    outputs: list
    options: Table  # None where the operator has none

    def option(self, number, code, default=0):
        return default if self.options is None else self.options.scalar(number, code, default)


@dataclasses.dataclass
class Model:
    tensors: list
    inputs: list
    outputs: list
    operators: list


def read(raw):
    """The one subgraph of a .tflite file."""
    if len(raw) < 8 or raw[4:8] != b"TFL3":
        raise Unsupported("not a .tflite file: the identifier TFL3 is missing at byte 4")
    try:
        return _model(Table(raw, struct.unpack_from("<I", raw, 0)[0]))
    except struct.error as error:
        raise Unsupported(f"damaged .tflite file: {error}") from error


def _model(root):
    if root.scalar(0, "I") != 3:
        raise Unsupported(f"schema version {root.scalar(0, 'I')}; only version 3 is known")
    # Old writers fill field 0 (8 bits), new ones field 3 (32 bits); the larger is the code.
    codes = [max(code.scalar(0, "b"), code.scalar(3, "i")) for code in root.tables(1)]
    buffers = [buffer.octets(0) for buffer in root.tables(4)]
    graphs = root.tables(2)
    if len(graphs) != 1:
        raise Unsupported(f"{len(graphs)} subgraphs; only one is supported")
    graph = graphs[0]
    operators = [
        Operator(codes[op.scalar(0, "I")], op.scalars(1, "i"), op.scalars(2, "i"), op.table(4))
        for op in graph.tables(3)
    ]
    tensors = [_tensor(index, table, buffers) for index, table in enumerate(graph.tables(0))]
    return Model(tensors, graph.scalars(1, "i"), graph.scalars(2, "i"), operators)


def _tensor(index, table, buffers):
    kind = table.scalar(1, "b")
    quantization = table.table(4)
    scales, zero_points, dimension = [], [], 0
    if quantization is not None:
        scales = quantization.scalars(2, "f")
        zero_points = quantization.scalars(3, "q")
        dimension = quantization.scalar(6, "i")
    return Tensor(
        index,
        table.text(3),
        table.scalars(0, "i"),
        TYPES.get(kind, f"type {kind}"),
        buffers[table.scalar(2, "I")],
        scales,
        zero_points,
        dimension,
    )
