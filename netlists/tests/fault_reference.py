"""What a mapped multiplier answers with one stuck-at fault, as Icarus Verilog computes it: the evidence that other evaluators
of the same netlist are held against. See `header` for the exact meaning. For example

  fault_reference.py --unit fast --faults 200 --operations 1000 --seed 1 --sites both --out FILE

FILE is packed if its name ends with .gz. --inject says how a fault gets into the simulation (inject.py); the ways differ in
time and must not differ in result.
"""

import argparse
import gzip
import random
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "synth"))
import inject  # noqa: E402
from unit import OPERATIONS, Unit, UnitError  # noqa: E402

WORDS = {1: "one", 8: "eight", 16: "sixteen"}


def header(unit, arguments):
    return "".join(line and f"# {line}".rstrip() + "\n" for line in [
        f"What netlists/mapped/{unit.name}.v answers with one stuck-at fault, computed by Icarus Verilog.",
        "Made by netlists/tests/fault_reference.py; "
        f"{arguments.faults} faults x {arguments.operations} operations, seed {arguments.seed}.",
        f"netlist sha256 {unit.sha256}",
        " ",
        "A line: fault op a b value clocks",
        *fault_words(arguments.sites),
        f"  op      {either(unit.operations)}: inputs as in netlists/{unit.name}.toml",
        "  a b     rs1 and rs2, eight hexadecimal digits",
        *(clocked_words if unit.clock else combinational_words)(unit, WORDS.get(unit.max_clocks, unit.max_clocks)),
    ])


def either(words):
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def fault_words(sites):
    net = "  fault   NET/SA0 or NET/SA1; NET as in the mapped Verilog, a bit of a port as port[bit]"
    pin = ["CELL/PIN/SA0 or CELL/PIN/SA1: only what this cell reads at this pin is stuck, or for an output pin",
           "          the net that it drives"]
    return {"nets": [net], "pins": ["  fault   " + pin[0], pin[1]], "both": [net, "          or " + pin[0], pin[1]]}[sites]


def combinational_words(unit, _):
    low, high = unit.answers[0], unit.answers[-1]
    return [
        f"  value   {low}" if low == high else f"  value   {low} for mul, {high} for the others",
        "  clocks  always 1",
        " ",
        "A fault on a net is on the stem: every reader of the net sees the stuck value, also output ports that are the same net.",
        "There is no state: each line stands alone.",
    ]


def clocked_words(unit, limit):
    def hold(register):
        name = register["q"].removesuffix("_q_i")
        return [
            f"- {name} is a {unit.inputs[register['q']]}-bit register outside the netlist, fault-free itself. "
            f"Reset sets it to {register['reset']}. At every clock edge it loads",
            f"  {register['d']} if {register['write']} is 1, as the faulty netlist drives them, "
            "also in idle clocks and in the answer's clock.",
        ]
    return [
        f"  value   {unit.answers[0]} in the first clock in which {unit.valid} is 1, or `never` if it was 0 in {limit} clocks",
        f"  clocks  the number of that clock, counted from 1; {unit.max_clocks} for `never`",
        " ",
        "The lines of one fault are one sequence:",
        "- The fault is there from before reset. It is on the net (the stem): every reader of the net sees the stuck value, also",
        "  output ports that are the same net by `assign` (mult_en_i is imd_val_we_o; imd_val_d_o[31:0] is result_o). Such a net",
        "  has the name of its driver: the input port's bit, or what the driving cell's pin is connected to. A flip-flop's other",
        "  output (QN) follows the stored state, not the faulty net at Q.",
        *(line for register in unit.registers for line in hold(register)),
        "- Reset is asserted (all inputs 0) with one clock edge, released, and two idle clocks pass: all inputs but reset are 0.",
        f"- An operation holds its inputs and operands in every clock until {unit.valid} is 1 or {limit} clocks have passed. Outputs are",
        "  read at the end of a clock, before its edge; that edge comes for the last clock too.",
        "- One idle clock (all inputs 0) follows each operation. Nothing is reset between operations: state that a fault leaves",
        "  behind meets the next operation.",
        f"- {unit.valid} before the operation begins, as in an idle clock, means nothing.",
    ]


def pick(sites, count, first, rng):
    """`count` faults of the sites: those in `first` both ways (but no more than half of all), then random ones."""
    if count > 2 * len(sites):
        raise UnitError(f"{count} faults wanted, but there are only {2 * len(sites)}")
    picked = [f"{site}/SA{v}" for site in first for v in (0, 1)][:max(count // 2, 1)] if count else []
    taken = set(picked)
    while len(picked) < count:
        fault = f"{sites[int(rng.random() * len(sites))]}/SA{int(rng.random() * 2)}"
        if fault not in taken:
            taken.add(fault)
            picked.append(fault)
    return picked


def pick_faults(unit, arguments, rng):
    nets, control = unit.nets()
    of_pins = {"nets": 0, "pins": arguments.faults, "both": arguments.faults // 2}[arguments.sites]
    return pick(nets, arguments.faults - of_pins, control, rng) + pick(unit.pins(), of_pins, [], rng)


CORNERS = [0, 1, 2, 3, 0xFFFFFFFF, 0xFFFFFFFE, 0x80000000, 0x80000001, 0x7FFFFFFF, 0x8000, 0x7FFF, 0xFFFF, 0x10000, 0x10001,
           0xFFFF0000, 0xFFFF8000, 0xAAAAAAAA, 0x55555555, 0x40000000, 0xC0000000]


def operand(rng):
    kind = rng.random()
    if kind < 0.25:
        return CORNERS[int(rng.random() * len(CORNERS))]
    if kind < 0.60:  # INT8, and the 9 bits of INT8 minus a zero point
        return (int(rng.random() * 256) - 128 if kind < 0.5 else int(rng.random() * 511) - 255) & 0xFFFFFFFF
    if kind < 0.65:
        return 1 << int(rng.random() * 32)
    return int(rng.random() * 2**32)


def pick_operations(unit, count, rng):
    # Half MUL: it is what networks run, and it must meet what the others leave behind.
    def op():
        k = int(rng.random() * 6)
        return OPERATIONS[k] if k < 4 and OPERATIONS[k] in unit.operations else "mul"
    return [(op(), operand(rng), operand(rng)) for _ in range(count)]


def run(arguments):
    unit = Unit(arguments.unit)
    rng = random.Random(arguments.seed)
    faults = pick_faults(unit, arguments, rng)
    tasks = [pick_operations(unit, arguments.operations, rng) for _ in faults]
    with tempfile.TemporaryDirectory() as folder:
        answers = getattr(inject, f"by_{arguments.inject}")(Path(folder), unit, faults, tasks)
    lines = [f"{fault} {op} {a:08x} {b:08x}" for fault, task in zip(faults, tasks) for op, a, b in task]
    if len(answers) != len(lines):
        raise UnitError(f"{len(lines)} operations, but {len(answers)} answers")
    body = header(unit, arguments) + "".join(f"{line} {answer}\n" for line, answer in zip(lines, answers))

    out = Path(arguments.out)
    if out.suffix == ".gz":
        # No name and no time inside: the same content is the same file.
        with open(out, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write(body.encode())
    else:
        out.write_text(body)
    print(f"{unit.name}: {len(faults)} faults, {len(answers)} operations, "
          f"{sum(a.startswith('never') for a in answers)} never answered", file=sys.stderr)


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        sys.exit(f"fault_reference: {message}")


def main():
    arguments = Arguments(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--unit", default="single_cycle", help="netlists/UNIT.toml (single_cycle)")
    arguments.add_argument("--faults", type=positive, default=200, help="how many (200)")
    arguments.add_argument("--operations", type=positive, default=200, help="how many for each fault (200)")
    arguments.add_argument("--seed", type=int, default=20240607, help="of faults and operations (20240607)")
    arguments.add_argument("--sites", choices=["nets", "pins", "both"], default="nets", help="both: half and half (nets)")
    arguments.add_argument("--inject", choices=["lanes", "force", "split"], default="lanes", help="see inject.py (lanes)")
    arguments.add_argument("--out", required=True, help="the file to write")
    try:
        run(arguments.parse_args())
    except (UnitError, OSError) as error:
        sys.exit(f"fault_reference: {error}")


if __name__ == "__main__":
    main()
