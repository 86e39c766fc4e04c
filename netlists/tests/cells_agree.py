"""Writes a testbench that compares every cell's Verilog model with its Liberty function over all input values, and clocks the
flip-flops through data, clear and preset: cells_agree.py LIBERTY > testbench."""

import re
import sys

liberty = open(sys.argv[1]).read()
checks, instances, count = [], [], 0
for m in re.finditer(r"cell \((\w+)\) \{(.*?)\n  \}", liberty, re.S):
    cell, body = m.groups()
    ins = re.findall(r"pin \((\w+)\) \{ direction : input;", body)
    outs = re.findall(r'pin \((\w+)\) \{ direction : output; function : "([^"]*)";', body)
    count += 1
    ports = [f".{p}(in_{cell}[{i}])" for i, p in enumerate(ins)] + [f".{p}(out_{cell}[{i}])" for i, (p, _) in enumerate(outs)]
    instances.append(f"  reg [{max(len(ins), 1) - 1}:0] in_{cell}; wire [{len(outs) - 1}:0] out_{cell};")
    instances.append(f"  {cell} dut_{cell} ({', '.join(ports)});")

    def value(expr, cell=cell, ins=ins):
        return re.sub(r"\b[A-Z]\w*\b", lambda pin: f"in_{cell}[{ins.index(pin[0])}]", re.sub(r"\b([01])\b", r"1'b\1", expr))

    if "ff (" not in body:
        checks.append(f"    for (v = 0; v < {1 << len(ins)}; v = v + 1) begin")
        checks.append(f"      in_{cell} = v; #1;")
        for i, (pin, function) in enumerate(outs):
            checks.append(f'      same("{cell}.{pin}", out_{cell}[{i}], {value(function)});')
        checks.append("    end")
        continue
    # The state that Liberty's ff group describes, followed step by step through random inputs.
    attribute = dict(re.findall(r'(next_state|clocked_on|clear|preset) : "([^"]*)"', body))
    forced = "".join(
        f"if ({value(attribute[k])}) state = 1'b{v}; else " for k, v in (("clear", 0), ("preset", 1)) if k in attribute)
    clock = value(attribute["clocked_on"])
    checks.append(f"    in_{cell} = 0; #1; state = out_{cell}[0];")
    checks.append("    for (v = 0; v < 400; v = v + 1) begin")
    checks.append(f"      old = {clock}; next = {value(attribute['next_state'])};")
    # One input changes at a time: data that changes with the clock edge would be a race, not a difference.
    checks.append(f"      in_{cell} = in_{cell} ^ (1 << ($urandom(seed) % {len(ins)})); #1;")
    checks.append(f"      {forced}if (!old && {clock}) state = next;")
    for i, (pin, function) in enumerate(outs):
        checks.append(f'      if (v > 50) same("{cell}.{pin}", out_{cell}[{i}], {"state" if function == "IQ" else "!state"});')
    checks.append("    end")

print("\n".join([
    "module cells_agree;", *instances,
    "  integer v, seed = 1, compared = 0; reg state, old, next;",
    "  task same(input [8*16-1:0] pin, input got, input expected);",
    "    begin",
    "      compared = compared + 1;",
    '      if (got !== expected) $fatal(0, "%0s: model %b, Liberty %b", pin, got, expected);',
    "    end",
    "  endtask",
    "  initial begin", *checks,
    f'    $display("cells: {count} models agree with their Liberty functions, %0d values compared", compared);',
    "    $finish(0);",
    "  end", "endmodule"]))
