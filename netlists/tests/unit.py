"""A mapped multiplier with its binding: what the fault reference needs to know of netlists/NAME.toml and the files it names."""

import hashlib
import tomllib
from pathlib import Path

from mapped import Mapped, read_liberty

NETLISTS = Path(__file__).resolve().parent.parent
OPERATIONS = ["mul", "mulh", "mulhsu", "mulhu"]


class UnitError(Exception):
    """One line for whoever runs the script."""


class Unit:
    def __init__(self, name):
        path = NETLISTS / f"{name}.toml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in NETLISTS.glob("*.toml")))
            raise UnitError(f"no unit {name}: there are {known}")
        try:
            binding = tomllib.loads(path.read_text())
            self.text = (path.parent / binding["netlist"]).read_text()
            self.liberty = (path.parent / binding["cells"]).read_text()
            self.netlist, self.library = Mapped(self.text), read_liberty(self.liberty)
            self.name, self.module, self.max_clocks = name, binding["module"], binding["max_clocks"]
            if strange := {kind for kind, _, _ in self.netlist.cells} - set(self.library):
                raise UnitError(f"cells that the Liberty file lacks: {', '.join(sorted(strange))}")
            if "rs1_sign" in binding["operands"]:
                raise UnitError("rs1_sign is not supported")
            self.read(binding)
        except (OSError, ValueError, UnitError) as error:
            raise UnitError(f"{path.name}: {error}") from error
        except KeyError as error:
            raise UnitError(f"{path.name}: {error} is missing") from error
        self.sha256 = hashlib.sha256(self.text.encode()).hexdigest()

    def read(self, binding):
        netlist = self.netlist
        self.inputs = widths(netlist.inputs)       # port -> width
        self.outputs = widths(netlist.outputs)
        self.clock = binding.get("clock", {}).get("port")
        self.reset = binding.get("reset", {}).get("port")
        self.reset_active = 0 if binding.get("reset", {}).get("active", "low") == "low" else 1
        self.rs1, self.rs2 = (self.port_bits(binding["operands"][k]) for k in ("rs1", "rs2"))
        answer = binding["answer"]
        self.answers = [answer["value"]] if "value" in answer else [answer["low"], answer["high"]]
        self.valid = answer.get("valid")
        self.registers = binding.get("register", [])
        self.operations = [op for op in OPERATIONS if op in binding["operation"]]
        # Inputs that the binding gives a value: when idle, and for each operation.
        self.idle = binding["idle"]
        self.controls = {op: binding["operation"][op] for op in self.operations}
        # Clock and reset have no fault here: neither their nets nor the pins that they drive.
        self.global_nets = {self.clock, self.reset} - {None}

    def port_bits(self, expr):
        return Mapped.bits(expr, {port: None if width == 1 and port in self.netlist.inputs + self.netlist.outputs else width
                                  for port, width in (self.inputs | self.outputs).items()})

    def nets(self):
        """All nets with a reader, but clock and reset, and those that drive or are near `valid`, the state and the controls."""
        netlist, driver, read = self.netlist, {}, set()
        for kind, _, pins in netlist.cells:
            _, ins, outs = self.library[kind]
            read.update(pins[p] for p in ins)
            driver.update((pins[p], (kind, [pins[i] for i in ins])) for p in outs if p in pins)
        read.update(netlist.alias.get(net, net) for net in netlist.outputs)
        nets = [n for n in [*netlist.inputs, *driver] if n in read and n not in self.global_nets]

        control = [n for n in nets if n in netlist.inputs and n.split("[")[0] in self.idle]
        around = [self.valid] if self.valid else []
        for kind, _, pins in netlist.cells:
            if kind.startswith("DFF"):
                around += [pins[p] for p in ("D", "Q", "QN") if p in pins]
        for net in around:  # grows while it is walked: the gates behind, up to inputs and state
            kind, ins = driver.get(net, ("", []))
            if not kind.startswith("DFF"):
                around += [n for n in ins if n not in around]
        control += [n for n in dict.fromkeys(around) if n not in control and n in nets]
        return nets, control

    def pins(self):
        """All connected pins as CELL/PIN, but those on clock or reset."""
        return [f"{name}/{pin}" for kind, name, pins in self.netlist.cells
                for pin in (*self.library[kind][1], *self.library[kind][2])
                if pin in pins and pins[pin] not in self.global_nets]

    def site(self, fault):
        """What a fault sticks: ("net", net, value), or ("pin", cell, pin, value) for an input pin. A cell's output pin is the
        stem of its net."""
        *place, stuck = fault.split("/")
        value = int(stuck[2:])
        if len(place) == 1:
            return ("net", place[0], value)
        cell, pin = place
        kind, pins = next((kind, pins) for kind, name, pins in self.netlist.cells if name == cell)
        return ("net", pins[pin], value) if pin in self.library[kind][2] else ("pin", cell, pin, value)


def widths(bits):
    found = {}
    for bit in bits:
        port = bit.split("[")[0]
        found[port] = found.get(port, 0) + 1
    return found
