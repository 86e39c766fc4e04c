"""What the mapped multiplier answers with one stuck-at fault, as Icarus Verilog computes it: the evidence that other
evaluators of the same netlist are held against. See HEADER for the exact meaning; `make reference` writes the file.

--inject force  one simulation; each fault in turn is a Verilog `force` on the net
--inject split  a netlist copy a fault, in which driver and net are cut apart and the net is tied: no `force` involved
Both must give the same file (`make reference-check`).
"""

import argparse
import gzip
import hashlib
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "synth"))
from mapped import Mapped, read_liberty  # noqa: E402

NETLIST = HERE.parent / "mapped/single_cycle.v"
CELLS = HERE.parent / "cells/nangate45.v"
LIBERTY = HERE.parent / "cells/nangate45.lib"
FAULTS, OPERATIONS, SEED = 200, 200, 20240607
OPS = ["mul", "mulh", "mulhsu", "mulhu"]

HEADER = """\
# What netlists/mapped/single_cycle.v answers with one stuck-at fault, computed by Icarus Verilog.
# Made by netlists/tests/fault_reference.py; {faults} faults x {operations} operations, seed {seed}.
# netlist sha256 {sha256}
#
# A line: fault op a b value clocks
#   fault   NET/SA0 or NET/SA1; NET as in the mapped Verilog, a bit of a port as port[bit]
#   op      mul, mulh, mulhsu or mulhu: inputs as in netlists/single_cycle.toml
#   a b     rs1 and rs2, eight hexadecimal digits
#   value   result_o in the first clock in which valid_o is 1, or `never` if it was 0 in eight clocks
#   clocks  the number of that clock, counted from 1; 8 for `never`
#
# The lines of one fault are one sequence:
# - The fault is there from before reset. It is on the net (the stem): every reader of the net sees the stuck value, also
#   output ports that are the same net by `assign` (mult_en_i is imd_val_we_o; imd_val_d_o[31:0] is result_o). Such a net
#   has the name of its driver: the input port's bit, or what the driving cell's pin is connected to. A flip-flop's other
#   output (QN) follows the stored state, not the faulty net at Q.
# - imd_val is a 34-bit register outside the netlist, fault-free itself. Reset sets it to 0. At every clock edge it loads
#   imd_val_d_o if imd_val_we_o is 1, as the faulty netlist drives them, also in idle clocks and in the answer's clock.
# - Reset is asserted (all inputs 0) with one clock edge, released, and two idle clocks pass: all inputs but reset are 0.
# - An operation holds its inputs and operands in every clock until valid_o is 1 or eight clocks have passed. Outputs are
#   read at the end of a clock, before its edge; that edge comes for the last clock too.
# - One idle clock (all inputs 0) follows each operation. Nothing is reset between operations: state that a fault leaves
#   behind meets the next operation.
# - valid_o before the operation begins, as in an idle clock, means nothing.
"""

TESTBENCH = """\
module reference;
  reg clk = 0, rst_n = 1, mult_en = 0;
  reg [1:0] operator = 0, signed_mode = 0;
  reg [31:0] a = 0, b = 0;
  reg [33:0] imd = 0;
  wire [33:0] imd_d;
  wire imd_we, valid;
  wire [31:0] result;
  single_cycle dut (
    .clk_i(clk), .rst_ni(rst_n), .mult_en_i(mult_en), .operator_i(operator), .signed_mode_i(signed_mode),
    .op_a_i(a), .op_b_i(b), .imd_val_q_i(imd), .imd_val_d_o(imd_d), .imd_val_we_o(imd_we),
    .result_o(result), .valid_o(valid));

  reg [65:0] todo [0:{last}];
  reg [33:0] next;
  integer f, i, clocks;

  // What the edge stores is what was there before it.
  task clock_edge;
    begin
      next = imd_we ? imd_d : imd;
      #1 clk = 1;
      #1 if (rst_n) imd = next;
      #1 clk = 0;
    end
  endtask
  task idle;
    begin
      mult_en = 0; operator = 0; signed_mode = 0; a = 0; b = 0;
      #1 clock_edge;
    end
  endtask

  initial begin
    $readmemh("{todo}", todo);
    for (f = {first_fault}; f < {end_fault}; f = f + 1) begin
      case (f)
{inject}
      endcase
      rst_n = 0; imd = 0;
      idle;
      rst_n = 1;
      idle;
      idle;
      for (i = f * {operations}; i < (f + 1) * {operations}; i = i + 1) begin
        mult_en = 1; {{a, b}} = todo[i][63:0];
        operator = todo[i][65:64] != 0;
        signed_mode = todo[i][65:64] == 1 ? 2'b11 : todo[i][65:64] == 2 ? 2'b01 : 2'b00;
        clocks = 1;
        #1;
        while (valid === 1'b0 && clocks < 8) begin
          clock_edge;
          clocks = clocks + 1;
          #1;
        end
        if (valid === 1'b1) $display("%h %0d", result, clocks);
        else if (valid === 1'b0) $display("never %0d", clocks);
        else $fatal(0, "valid is unknown");
        clock_edge;
        idle;
      end
      case (f)
{remove}
      endcase
    end
    $finish(0);
  end
endmodule
"""


def sites(netlist, library):
    """All nets with a reader, but clock and reset, and those that drive or are near valid_o and the state flip-flop."""
    driver, read = {}, set()
    for kind, _, pins in netlist.cells:
        _, ins, outs = library[kind]
        read.update(pins[p] for p in ins)
        driver.update((pins[p], (kind, [pins[i] for i in ins])) for p in outs if p in pins)
    read.update(netlist.alias.get(net, net) for net in netlist.outputs)
    nets = [n for n in [*netlist.inputs, *driver] if n in read and n not in ("clk_i", "rst_ni")]

    control = [n for n in nets if re.match(r"mult_en_i|operator_i|signed_mode_i", n)]
    around = ["valid_o"]
    for kind, _, pins in netlist.cells:
        if kind.startswith("DFF"):
            around += [pins[p] for p in ("D", "Q", "QN") if p in pins]
    for net in around:  # grows while it is walked: the gates behind, up to inputs and state
        kind, ins = driver.get(net, ("", []))
        if not kind.startswith("DFF"):
            around += [n for n in ins if n not in around]
    control += [n for n in dict.fromkeys(around) if n not in control and n in nets]
    return nets, control


def pick_faults(nets, control, rng):
    picked = [f"{n}/SA{v}" for n in control for v in (0, 1)]
    while len(picked) < FAULTS:
        fault = f"{nets[int(rng.random() * len(nets))]}/SA{int(rng.random() * 2)}"
        if fault not in picked:
            picked.append(fault)
    return picked


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


def pick_operations(rng):
    # Half MUL: it is what networks run, and it must meet what the others leave behind.
    def op():
        k = int(rng.random() * 6)
        return OPS[k] if k < 4 else "mul"
    return [(op(), operand(rng), operand(rng)) for _ in range(OPERATIONS)]


def simulate(folder, netlist_text, first, end, inject, remove):
    (folder / "dut.v").write_text(netlist_text)
    (folder / "tb.v").write_text(TESTBENCH.format(
        last=FAULTS * OPERATIONS - 1, todo=folder / "todo.hex", first_fault=first, end_fault=end,
        operations=OPERATIONS, inject=inject, remove=remove))
    subprocess.run(["iverilog", "-g2012", "-o", folder / "tb.vvp", folder / "tb.v", folder / "dut.v", CELLS], check=True)
    done = subprocess.run(["vvp", "-n", folder / "tb.vvp"], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def by_force(folder, text, faults):
    def lines(statement):
        return "\n".join(f"        {k}: {statement(*f.split('/SA'))};" for k, f in enumerate(faults))
    return simulate(folder, text, 0, len(faults), lines(lambda net, v: f"force dut.{net} = 1'b{v}"),
                    lines(lambda net, v: f"release dut.{net}"))


def cut(text, netlist, library, fault):
    """The netlist with the net's driver and readers cut apart, and the readers tied to the stuck value."""
    net, value = fault.split("/SA")
    is_input = net in netlist.inputs
    lines = []
    for line in text.splitlines():
        cell = re.fullmatch(r"  (\w+) U\d+ \(.*\);", line)
        if cell:
            # An input net is renamed where it is read; any other net where it is driven.
            for pin in library[cell[1]][1 if is_input else 2]:
                line = line.replace(f".{pin}({net})", f".{pin}({'stuck' if is_input else 'driven'})")
        elif is_input and line.startswith("  assign ") and line.endswith(f" = {net};"):
            line = line.replace(f" = {net};", " = stuck;")
        elif line == "endmodule":
            lines.append(f"  assign {'stuck' if is_input else net} = 1'b{value};")
        lines.append(line)
        if line.startswith("module "):
            lines.append("  wire stuck, driven;")
    return "\n".join(lines) + "\n"


def by_split(folder, text, faults, netlist, library):
    answers = []
    for k, fault in enumerate(faults):
        answers += simulate(folder, cut(text, netlist, library, fault), k, k + 1, "        default: ;", "        default: ;")
    return answers


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inject", choices=["force", "split"], default="force")
    arguments.add_argument("--out", required=True)
    arguments = arguments.parse_args()

    text = NETLIST.read_text()
    netlist, library = Mapped(text), read_liberty(LIBERTY.read_text())
    nets, control = sites(netlist, library)
    rng = random.Random(SEED)
    faults = pick_faults(nets, control, rng)
    operations = [operation for _ in faults for operation in pick_operations(rng)]

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "todo.hex").write_text("".join(f"{OPS.index(op) << 64 | a << 32 | b:017x}\n" for op, a, b in operations))
        if arguments.inject == "force":
            answers = by_force(folder, text, faults)
        else:
            answers = by_split(folder, text, faults, netlist, library)
    if len(answers) != len(operations):
        sys.exit(f"{len(operations)} operations, but {len(answers)} answers")

    sha256 = hashlib.sha256(text.encode()).hexdigest()
    body = HEADER.format(faults=FAULTS, operations=OPERATIONS, seed=SEED, sha256=sha256) + "".join(
        f"{faults[k // OPERATIONS]} {op} {a:08x} {b:08x} {answer}\n"
        for k, ((op, a, b), answer) in enumerate(zip(operations, answers)))
    # No name and no time inside: the same content is the same file.
    with open(arguments.out, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(body.encode())
    print(f"{FAULTS} faults ({2 * len(control)} of them on {len(control)} control nets) of {2 * len(nets)}, "
          f"{len(operations)} operations, {sum(a.startswith('never') for a in answers)} never answered")


if __name__ == "__main__":
    main()
