"""Counts a mapped netlist: stats.py NETLIST LIBERTY TOOL-VERSION. Fails if the netlist is not as clean as it should be."""

import sys
from collections import Counter

from mapped import Mapped, read_liberty

netlist_path, liberty_path, tool = sys.argv[1:]
netlist = Mapped(open(netlist_path).read())
library = read_liberty(open(liberty_path).read())

driver, readers, pins = {}, Counter(), 0
for kind, name, connections in netlist.cells:
    _, ins, outs = library[kind]
    pins += len(ins) + len(outs)
    for pin in ins:
        readers[connections[pin]] += 1
    for pin in outs:
        if pin in connections:
            net = connections[pin]
            if net in driver:
                sys.exit(f"{net} has two drivers")
            driver[net] = (kind, name, pin)
for net in netlist.outputs:
    readers[netlist.alias.get(net, net)] += 1

inputs = [net for net in netlist.inputs if readers[net]]
connected = sum(len(connections) for _, _, connections in netlist.cells)
for net in readers:
    if net not in driver and net not in inputs:
        sys.exit(f"{net} has no driver")
adders = [c for c in netlist.cells if c[0] in ("FA_X1", "HA_X1")]
for kind, name, connections in adders:
    for pin in library[kind][1]:
        if driver.get(connections[pin], ("",))[0] in ("LOGIC0_X1", "LOGIC1_X1"):
            sys.exit(f"{name}: pin {pin} is constant, so it should not be a {kind}")

by_type = Counter(kind for kind, _, _ in netlist.cells)
area = sum(library[kind][0] for kind, _, _ in netlist.cells)
print(f"tool                              {tool}")
print(f"cells                             {len(netlist.cells)}")
print(f"  of them flip-flops              {sum(n for kind, n in by_type.items() if kind.startswith('DFF'))}")
print(f"area, um^2                        {area:.3f}")
print(f"nets with a reader                {sum(1 for n in readers if n in driver) + len(inputs)}")
print(f"  port input bits                 {len(inputs)}")
print(f"    without clock and reset       {sum(1 for n in inputs if n not in ('clk_i', 'rst_ni'))}")
print(f"  gate outputs                    {sum(1 for n in readers if n in driver)}")
print(f"gate outputs nobody reads         {sum(1 for n in driver if not readers[n])}")
print(f"port input bits nobody reads      {len(netlist.inputs) - len(inputs)}")
print(f"output port bits by alias         {len(netlist.alias)}")
print(f"cell pins, connected              {connected}")
print(f"cell pins, all                    {pins}")
print()
print(f"{'cell':<12} {'count':>6} {'area, um^2':>12}")
for kind in sorted(by_type):
    print(f"{kind:<12} {by_type[kind]:>6} {by_type[kind] * library[kind][0]:>12.3f}")
