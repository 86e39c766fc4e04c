"""Three ways in which Icarus Verilog computes what a unit answers under faults; all must give the same answers.

by_force  One simulation of the mapped netlist with the models of cells/nangate45.v. Each fault in turn is a Verilog `force`,
          on the net, or for a cell's input pin on a buffer that a copy of the netlist has there.
by_split  A netlist copy a fault, in which driver and net, or net and pin, are cut apart and the reading side is tied: no
          `force` involved.
by_lanes  One simulation of all faults side by side: every net is a vector with a bit a fault, cells are the functions of the
          Liberty file in an order in which each is computed once, and faults are masks. Tens of times faster.

Each takes the unit, its faults, and for each fault a list of (op, a, b), and returns "value clocks" lines in that order. What
an operation is exactly stands in fault_reference.py's HEADER.
"""

import re
import subprocess

from unit import NETLISTS, OPERATIONS, UnitError

CELLS = NETLISTS / "cells/nangate45.v"


def icarus(folder, testbench, *sources):
    (folder / "tb.v").write_text(testbench)
    try:
        subprocess.run(["iverilog", "-g2012", "-o", folder / "tb.vvp", folder / "tb.v", *sources],
                       check=True, capture_output=True, text=True)
        done = subprocess.run(["vvp", "-n", folder / "tb.vvp"], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise UnitError(f"{error.filename} cannot be run: Icarus Verilog is needed") from error
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).strip().splitlines()
        raise UnitError(f"{error.cmd[0]} failed: {said[-1] if said else 'without a word'}") from error
    return done.stdout.splitlines()


# force and split: the netlist as it is, one operation after the other

SERIAL = """\
module reference;
{declarations}
  {module} dut ({connections});

  reg [65:0] todo [0:{last}];
  integer f, i, clocks;

  // What the edge stores is what was there before it.
  task clock_edge;
    begin
{sample}
      #1 {clock} = 1;
      #1 if ({reset} != {active}) begin
{load}
      end
      #1 {clock} = 0;
    end
  endtask
  task idle;
    begin
{idle}
      #1 clock_edge;
    end
  endtask

  initial begin
    $readmemh("{todo}", todo);
    for (f = {first_fault}; f < {end_fault}; f = f + 1) begin
      case (f)
{inject}
        default: ;
      endcase
      {reset} = {active};
{reset_registers}
      idle;
      {reset} = !{active};
      idle;
      idle;
      for (i = f * {operations}; i < (f + 1) * {operations}; i = i + 1) begin
{operands}
        case (todo[i][65:64])
{controls}
        endcase
        clocks = 1;
        #1;
        while ({valid} === 1'b0 && clocks < {max_clocks}) begin
          clock_edge;
          clocks = clocks + 1;
          #1;
        end
        if ({valid} === 1'b1) $display("%h %0d", todo[i][65:64] == 0 ? {low} : {high}, clocks);
        else if ({valid} === 1'b0) $display("never %0d", clocks);
        else $fatal(0, "valid is unknown");
{after}
      end
      case (f)
{remove}
        default: ;
      endcase
    end
    $finish(0);
  end
endmodule
"""


def serial(folder, unit, netlist_text, tasks, first, end, inject=(), remove=()):
    (folder / "dut.v").write_text(netlist_text)
    (folder / "todo.hex").write_text("".join(
        f"{OPERATIONS.index(op) << 64 | a << 32 | b:017x}\n" for task in tasks for op, a, b in task))

    def block(lines, indent):
        return "\n".join(" " * indent + line for line in lines)

    def drive(values):
        return [f"{port} = {value};" for port, value in values.items()]

    # Without a port for them, clock and reset are variables that nothing reads.
    clock, reset = unit.clock or "no_clock", unit.reset or "no_reset"
    ports = {clock: 1, reset: 1} | unit.inputs
    declarations = [f"reg [{width - 1}:0] {port} = 0;" for port, width in ports.items()]
    declarations += [f"wire [{width - 1}:0] {port};" for port, width in unit.outputs.items()]
    declarations += [f"reg [{unit.inputs[r['q']] - 1}:0] next_{r['q']};" for r in unit.registers]
    operand_bits = [f"{bit} = todo[i][{32 + i}];" for i, bit in enumerate(unit.rs1)]
    operand_bits += [f"{bit} = todo[i][{i}];" for i, bit in enumerate(unit.rs2)]
    quiet = drive(unit.idle) + [f"{port} = 0;" for port in dict.fromkeys(b.split("[")[0] for b in unit.rs1 + unit.rs2)]
    testbench = SERIAL.format(
        declarations=block(declarations, 2), module=unit.module, clock=clock, reset=reset, active=unit.reset_active,
        connections=", ".join(f".{port}({port})" for port in (unit.inputs | unit.outputs)),
        sample=block([f"next_{r['q']} = {r['write']} ? {r['d']} : {r['q']};" for r in unit.registers], 6),
        load=block([f"{r['q']} = next_{r['q']};" for r in unit.registers], 8),
        reset_registers=block([f"{r['q']} = {r['reset']};" for r in unit.registers], 6),
        idle=block(quiet, 6), operands=block(operand_bits, 8),
        controls=block(
            [f"{OPERATIONS.index(op)}: begin {' '.join(drive(unit.controls[op]))} end" for op in unit.operations], 10),
        # A unit without a clock has nothing that an idle clock could change.
        after=block(["clock_edge;", "idle;"] if unit.clock else [], 8),
        valid=unit.valid or "1'b1", low=unit.answers[0], high=unit.answers[-1], max_clocks=unit.max_clocks,
        operations=len(tasks[0]), last=sum(map(len, tasks)) - 1, todo=folder / "todo.hex",
        first_fault=first, end_fault=end, inject=block(inject, 8), remove=block(remove, 8))
    answers = icarus(folder, testbench, folder / "dut.v", CELLS)
    if any(re.search("[xXzZ]", answer) for answer in answers):
        raise UnitError("an answer has unknown bits")
    return answers


def by_force(folder, unit, faults, tasks):
    text, inject, remove = unit.text, [], []
    for k, fault in enumerate(faults):
        kind, *where, value = unit.site(fault)
        target = where[0]
        if kind == "pin":
            cell, pin = where
            target = f"read_by_{cell}_{pin}"
            if f"wire {target};" not in text:
                text = reconnect(text, cell, pin, target, f"  wire {target};\n  buf ({target}, {{net}});")
        inject.append(f"{k}: force dut.{target} = 1'b{value};")
        remove.append(f"{k}: release dut.{target};")
    return serial(folder, unit, text, tasks, 0, len(faults), inject, remove)


def by_split(folder, unit, faults, tasks):
    answers = []
    for k, fault in enumerate(faults):
        kind, *where, value = unit.site(fault)
        if kind == "pin":
            text = reconnect(unit.text, *where, "stuck", f"  wire stuck;\n  assign stuck = 1'b{value};")
        else:
            text = cut(unit, where[0], value)
        answers += serial(folder, unit, text, tasks, k, k + 1)
    return answers


def reconnect(text, cell, pin, name, declaration):
    """The netlist with the cell's pin on a net of its own; {net} in its declaration is the net that the pin was on."""
    def change(line):
        net = re.search(rf"\.{pin}\(([^)]*)\)", line[0])[1]
        return declaration.replace("{net}", net) + "\n" + line[0].replace(f".{pin}({net})", f".{pin}({name})")
    return re.sub(rf"^  \w+ {cell} \(.*$", change, text, count=1, flags=re.M)


def cut(unit, net, value):
    """The netlist with the net's driver and readers cut apart, and the readers tied to the stuck value."""
    is_input = net in unit.netlist.inputs
    lines = []
    for line in unit.text.splitlines():
        cell = re.fullmatch(r"  (\w+) U\d+ \(.*\);", line)
        if cell:
            # An input net is renamed where it is read; any other net where it is driven.
            for pin in unit.library[cell[1]][1 if is_input else 2]:
                line = line.replace(f".{pin}({net})", f".{pin}({'stuck' if is_input else 'driven'})")
        elif is_input and line.startswith("  assign ") and line.endswith(f" = {net};"):
            line = line.replace(f" = {net};", " = stuck;")
        elif line == "endmodule":
            lines.append(f"  assign {'stuck' if is_input else net} = 1'b{value};")
        lines.append(line)
        if line.startswith("module "):
            lines.append("  wire stuck, driven;")
    return "\n".join(lines) + "\n"


# lanes: all faults at once, bit k of every vector belongs to fault k

LANES = """\
module reference;
  localparam [{top}:0] ALL = ~0;
{declarations}
  reg [{top}:0] todo [0:{last}];
  reg [{top}:0] run, pending, answered, valid;
  integer i, clocks;

  // Every cell once, each after those that it reads.
  task evaluate;
    begin
{evaluate}
      valid = {valid};
      if (^valid === 1'bx) $fatal(0, "valid is unknown");
    end
  endtask

  // Lanes that do not run keep their state.
  task clock_edge;
    begin
{clock_edge}
    end
  endtask

  task idle;
    begin
{idle}
      evaluate;
      run = ALL;
      clock_edge;
    end
  endtask

  initial begin
    $readmemh("{todo}", todo);
    // Reset holds flip-flops and registers through its clock edge, so that edge needs no evaluation.
{reset}
    idle;
    idle;
    for (i = 0; i < {last} + 1; i = i + {rows}) begin
{load}
      pending = ALL;
      clocks = 1;
      while (pending != 0) begin
        evaluate;
        run = pending;
        answered = pending & valid;
        pending = pending & ~answered;
        if (answered != 0) begin
          $display("%0d %h", clocks, answered);
{show}
        end
        clock_edge;
        if (clocks == {max_clocks}) pending = 0;
        clocks = clocks + 1;
      end
      $display("end");
{after}
    end
    $finish(0);
  end
endmodule
"""


def by_lanes(folder, unit, faults, tasks):
    netlist, lanes = unit.netlist, len(faults)
    # Every net has a number; d12 is what drives it, v12 what its readers see.
    number = {}
    for net in [*netlist.inputs, *(pins[p] for kind, _, pins in netlist.cells for p in unit.library[kind][2] if p in pins)]:
        number.setdefault(net, len(number))
    stuck = {}                                          # site -> masks of the lanes in which it is 0, and 1
    for k, fault in enumerate(faults):
        *where, value = unit.site(fault)
        stuck.setdefault(tuple(where), [0, 0])[value] |= 1 << k

    def masked(expr, *site):
        at0, at1 = stuck.get(site, (0, 0))
        return f"(({expr} | {lanes}'h{at1:x}) & ~{lanes}'h{at0:x})" if at0 | at1 else expr

    def seen(net):
        net = netlist.alias.get(net, net)
        return f"v{number[net]}"

    bound = {bit for bit in netlist.inputs if bit not in unit.global_nets}
    inputs = [bit for bit in netlist.inputs if bit in bound]
    evaluate = [f"v{number[bit]} = {masked(f'd{number[bit]}', 'net', bit)};" for bit in inputs]
    done, waiting, edge, reset, states = set(netlist.inputs), [], [], [], []
    for kind, name, pins in netlist.cells:
        body = re.search(rf"cell \({kind}\) \{{(.*?)\n  \}}", unit.liberty, re.S)[1]
        functions = dict(re.findall(r'pin \((\w+)\) \{ direction : output; function : "([^"]*)";', body))
        attribute = dict(re.findall(r'(next_state|clocked_on|clear|preset) : "([^"]*)"', body))

        def value(expr, name=name, pins=pins):
            def operand(m):
                if m[0] in "01":
                    return f"{{{lanes}{{1'b{m[0]}}}}}"
                return masked(seen(pins[m[0]]), "pin", name, m[0])
            return re.sub(r"\b(?:[A-Z]\w*|[01])\b", operand, expr).replace("!", "~")

        if not attribute:
            ready = {pins[p] for p in unit.library[kind][1]}
            waiting.append((ready, {pins[p]: value(f) for p, f in functions.items() if p in pins}))
            continue
        cleared, preset = attribute.get("clear"), attribute.get("preset")
        pin = {v: k for k, v in pins.items()}
        on_clock = attribute["clocked_on"] == pin.get(unit.clock)
        if not on_clock or (cleared or preset) != f"!{pin.get(unit.reset)}" or unit.reset_active:
            raise UnitError(f"{name}: lanes need a flip-flop on the clock and on a reset that is active low")
        state = f"state{len(states)}"
        states.append(state)
        reset.append(f"{state} = {'0' if cleared else 'ALL'};")
        edge.append((state, value(attribute["next_state"]), "run"))
        for p, function in functions.items():
            if p in pins:
                evaluate.append(f"v{number[pins[p]]} = {masked(state if function == 'IQ' else f'~{state}', 'net', pins[p])};")
                done.add(pins[p])
    while waiting:
        later = []
        for ready, outs in waiting:
            if ready <= done:
                evaluate += [f"v{number[net]} = {masked(f'({expr})', 'net', net)};" for net, expr in outs.items()]
                done.update(outs)
            else:
                later.append((ready, outs))
        if len(later) == len(waiting):
            raise UnitError("the netlist has a loop of gates")
        waiting = later

    for register in unit.registers:
        write = seen(unit.port_bits(register["write"])[0])
        for i, (q, d) in enumerate(zip(unit.port_bits(register["q"]), unit.port_bits(register["d"]))):
            reset.append(f"d{number[q]} = {'ALL' if register['reset'] >> i & 1 else '0'};")
            edge.append((f"d{number[q]}", seen(d), f"run & {write}"))
    # All new values are read before the first is stored.
    clock_edge = [f"next{k} = (({enable}) & {new}) | (~({enable}) & {old});" for k, (old, new, enable) in enumerate(edge)]
    clock_edge += [f"{old} = next{k};" for k, (old, _, _) in enumerate(edge)]

    # A row of todo is one input bit in one operation, a bit a lane.
    driven = {f"{port}[{i}]" if f"{port}[0]" in bound else port: (port, i)
              for port in unit.idle for i in range(unit.inputs[port])}
    rows = [*unit.rs1, *unit.rs2, *driven]
    with open(folder / "todo.hex", "w") as file:
        for step in zip(*tasks):
            words = []
            for op, a, b in reversed(step):             # lane 0 is the last digit
                control = "".join(str(unit.controls[op][port] >> i & 1) for port, i in driven.values())
                words.append(f"{a:032b}"[::-1] + f"{b:032b}"[::-1] + control)
            file.writelines(f"{int(''.join(column), 2):x}\n" for column in zip(*words))

    shown = [bit for answer in unit.answers for bit in unit.port_bits(answer)]
    idle_values = {bit: unit.idle[port] >> i & 1 for bit, (port, i) in driven.items()}
    idle = [f"d{number[bit]} = {'ALL' if idle_values.get(bit) else '0'};" for bit in rows]

    def block(lines, indent):
        return "\n".join(" " * indent + line for line in lines)

    variables = [f"d{number[bit]} = 0" for bit in inputs] + [f"v{k}" for k in number.values()]
    variables += [*states, *(f"next{k}" for k in range(len(edge)))]
    testbench = LANES.format(
        top=lanes - 1, declarations=block([f"reg [{lanes - 1}:0] {v};" for v in variables], 2), rows=len(rows),
        last=len(tasks[0]) * len(rows) - 1, todo=folder / "todo.hex", evaluate=block(evaluate, 6),
        valid=seen(unit.port_bits(unit.valid)[0]) if unit.valid else "ALL", clock_edge=block(clock_edge, 6),
        reset=block(reset, 4), idle=block(idle, 6), max_clocks=unit.max_clocks,
        load=block([f"d{number[bit]} = todo[i + {k}];" for k, bit in enumerate(rows)], 6),
        after=" " * 6 + ("idle;" if unit.clock else ""),
        show=block([f'$display("%b", {seen(bit)});' for bit in reversed(shown)], 10))
    return collect(unit, lanes, tasks, icarus(folder, testbench), len(shown))


def collect(unit, lanes, tasks, lines, shown):
    """From what the lanes said, operation by operation, to the answers, fault by fault."""
    answers = [[] for _ in range(lanes)]
    lines, step = iter(lines), 0
    now = [f"never {unit.max_clocks}"] * lanes
    for line in lines:
        if line == "end":
            for lane, answer in zip(answers, now):
                lane.append(answer)
            now, step = [f"never {unit.max_clocks}"] * lanes, step + 1
            continue
        clocks, mask = line.split()
        mask = int(mask, 16)
        columns = ["".join(column) for column in zip(*(next(lines) for _ in range(shown)))]
        for lane in range(lanes):
            if mask >> lane & 1:
                bits = columns[lanes - 1 - lane]        # the highest answer's highest bit first
                if set(bits) - {"0", "1"}:
                    raise UnitError("an answer has unknown bits")
                low_half = len(unit.answers) == 1 or tasks[lane][step][0] == "mul"
                now[lane] = f"{int(bits[-32:] if low_half else bits[:32], 2):08x} {clocks}"
    return [answer for lane in answers for answer in lane]
