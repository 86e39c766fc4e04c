#!/bin/sh
# Usage: mutants.sh BUILD-FOLDER. Breaks one cell in copies of the mapped netlist, one copy a line of the list below, and
# demands that the product test fails on each. An unbroken copy must pass, else every failure would mean nothing.
set -eu
build=$1
netlist=../mapped/single_cycle.v

# name, n (the n-th matching line is changed), pattern, replacement
mutants='
full-adder-outputs-swapped:1:FA_X1 .*\.CO(\([^)]*\)), \.S(\([^)]*\)):s/\.CO(\([^)]*\)), \.S(\([^)]*\))/.CO(\2), .S(\1)/
full-adder-late-swapped:700:FA_X1 :s/\.CO(\([^)]*\)), \.S(\([^)]*\))/.CO(\2), .S(\1)/
partial-product-or:1:AND2_X1 :s/AND2_X1/OR2_X1/
partial-product-or-late:500:AND2_X1 :s/AND2_X1/OR2_X1/
half-adder-input-constant:100:HA_X1 :s/\.A([^)]*)/.A(1'"'"'b0)/
mux-select-inverted:30:MUX2_X1 :s/\.A(\([^)]*\)), \.B(\([^)]*\))/.A(\2), .B(\1)/
state-output-swapped:1:DFFR_X1 :s/\.Q(\([^)]*\)), \.QN(\([^)]*\))/.Q(\2), .QN(\1)/
sign-gate-or:1:AND3_X1 :s/AND3_X1/OR3_X1/
'

try() { # name, file: exit status of the product test
  "${IVERILOG:-iverilog}" -g2012 -o "$build/mutant.vvp" products.v "$2" ../cells/nangate45.v
  "${VVP:-vvp}" -n "$build/mutant.vvp" +corners=8 +pairs=100 > "$build/mutant-$1.log" 2>&1
}

try unbroken "$netlist" || { echo "mutants: the unbroken netlist fails"; exit 1; }
killed=0
IFS='
'
for line in $mutants; do
  name=${line%%:*}; rest=${line#*:}
  n=${rest%%:*}; rest=${rest#*:}
  pattern=${rest%%:s/*}; change=s/${rest#*:s/}
  number=$(grep -n -- "$pattern" "$netlist" | sed -n "${n}p" | cut -d: -f1)
  [ -n "$number" ] || { echo "mutants: $name matches nothing"; exit 1; }
  sed "$number$change" "$netlist" > "$build/mutant-$name.v"
  if cmp -s "$netlist" "$build/mutant-$name.v"; then echo "mutants: $name changes nothing"; exit 1; fi
  if try "$name" "$build/mutant-$name.v"; then echo "mutants: $name is not noticed"; exit 1; fi
  grep -q 'checks failed' "$build/mutant-$name.log" || { echo "mutants: $name fails for another reason"; exit 1; }
  killed=$((killed + 1))
done
echo "mutants: $killed broken netlists, all noticed; the unbroken one passes"
