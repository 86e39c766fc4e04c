"""Reads a mapped netlist as synth/ writes it, and the Liberty file. Only for the scripts of this folder: it knows no more
Verilog than Yosys writes there, and stops at anything else."""

import re


class Mapped:
    """cells: [(type, name, {pin: net})]; inputs, outputs: port bits; alias: net -> the net that drives it."""

    def __init__(self, text):
        self.cells, self.inputs, self.outputs, self.alias = [], [], [], {}
        width = {}
        for line in text.splitlines():
            line = line.strip()
            if not line or line.startswith("//") or line.startswith("module ") or line == "endmodule":
                continue
            if m := re.fullmatch(r"(input|output|wire) (?:\[(\d+):0\] )?(\w+);", line):
                kind, msb, name = m.groups()
                width[name] = None if msb is None else int(msb) + 1
                if kind != "wire":
                    (self.inputs if kind == "input" else self.outputs).extend(self.bits(name, width))
            elif m := re.fullmatch(r"assign (\S+) = (\S+);", line):
                left, right = (self.bits(side, width) for side in m.groups())
                assert len(left) == len(right), line
                self.alias.update(zip(left, right))
            elif m := re.fullmatch(r"(\w+) (U\d+) \((.*)\);", line):
                pins = dict(re.fullmatch(r"\.(\w+)\(([\w\[\]]+)\)", p).groups() for p in m[3].split(", "))
                self.cells.append((m[1], m[2], pins))
            else:
                raise ValueError(f"not understood: {line}")

    @staticmethod
    def bits(expr, width):
        """The bits of a name, a bit or a range, lowest first."""
        m = re.fullmatch(r"(\w+)(?:\[(\d+)(?::(\d+))?\])?", expr)
        if m is None:
            raise ValueError(f"not a net: {expr}")
        name, high, low = m.groups()
        if high is None:
            if width[name] is None:
                return [name]
            high, low = width[name] - 1, 0
        low = high if low is None else low
        return [f"{name}[{i}]" for i in range(int(low), int(high) + 1)]


def read_liberty(text):
    """{cell: (area, [input pins], [output pins])}"""
    cells = {}
    for m in re.finditer(r"cell \((\w+)\) \{(.*?)\n  \}", text, re.S):
        pins = re.findall(r"pin \((\w+)\) \{ direction : (\w+);", m[2])
        area = float(re.search(r"area : ([\d.]+);", m[2])[1])
        cells[m[1]] = (area, [p for p, d in pins if d == "input"], [p for p, d in pins if d == "output"])
    return cells
