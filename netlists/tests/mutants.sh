#!/bin/sh
# Usage: mutants.sh BUILD-FOLDER UNIT BENCH... Breaks one cell in copies of the unit's mapped netlist, one copy a line of the
# list below, and demands that the product test (BENCH: its file and macros) fails on each. An unbroken copy must pass, else
# every failure would mean nothing.
set -eu
build=$1 unit=$2
shift 2
netlist=../mapped/$unit.v

swap_sum='s/\.CO(\([^)]*\)), \.S(\([^)]*\))/.CO(\2), .S(\1)/'
swap_data='s/\.A(\([^)]*\)), \.B(\([^)]*\))/.A(\2), .B(\1)/'
swap_state='s/\.Q(\([^)]*\)), \.QN(\([^)]*\))/.Q(\2), .QN(\1)/'
# name, n (the n-th matching line is changed), pattern, replacement
mutants="
full-adder-outputs-swapped:1:FA_X1 :$swap_sum
half-adder-input-constant:50:HA_X1 :s/\.A([^)]*)/.A(1'b0)/
"
case $unit in
  single_cycle) mutants="$mutants
full-adder-late-swapped:700:FA_X1 :$swap_sum
partial-product-or:1:AND2_X1 :s/AND2_X1/OR2_X1/
partial-product-or-late:500:AND2_X1 :s/AND2_X1/OR2_X1/
mux-select-inverted:30:MUX2_X1 :$swap_data
state-output-swapped:1:DFFR_X1 :$swap_state
sign-gate-or:1:AND3_X1 :s/AND3_X1/OR3_X1/
" ;;
  fast) mutants="$mutants
full-adder-late-swapped:250:FA_X1 :$swap_sum
partial-product-or:1:AND2_X1 :s/AND2_X1/OR2_X1/
sum-too-small:200:FA_X1 :s/\.B([^)]*)/.B(1'b0)/
mux-select-inverted:30:MUX2_X1 :$swap_data
state-output-swapped:1:DFFR_X1 :$swap_state
state-output-swapped-other:2:DFFR_X1 :$swap_state
" ;;
  array32) mutants="$mutants
full-adder-late-swapped:900:FA_X1 :$swap_sum
partial-product-or:1:AND2_X1 :s/AND2_X1/OR2_X1/
partial-product-or-late:900:AND2_X1 :s/AND2_X1/OR2_X1/
sign-partial-product-nor:30:NAND2_X1 :s/NAND2_X1/NOR2_X1/
" ;;
  single_cycle_mul | booth32) mutants="$mutants
full-adder-late-swapped:200:FA_X1 :$swap_sum
booth-row-not-inverted:20:XNOR2_X1 :s/XNOR2_X1/XOR2_X1/; s/ZN/Z/
booth-row-not-inverted-late:200:XNOR2_X1 :s/XNOR2_X1/XOR2_X1/; s/ZN/Z/
booth-row-selection-wrong:100:AOI22_X1 :s/AOI22_X1/OAI22_X1/
" ;;
  *) echo "mutants: none for $unit"; exit 1 ;;
esac

try() { # name, file: exit status of the product test
  name=$1 file=$2
  shift 2
  "${IVERILOG:-iverilog}" -g2012 -DUNIT="$unit" -o "$build/mutant-$unit.vvp" "$@" "$file" ../cells/nangate45.v
  "${VVP:-vvp}" -n "$build/mutant-$unit.vvp" +corners=8 +pairs=100 > "$build/mutant-$unit-$name.log" 2>&1
}

try unbroken "$netlist" "$@" || { echo "mutants: the unbroken $unit fails"; exit 1; }
killed=0
IFS='
'
for line in $mutants; do
  name=${line%%:*}; rest=${line#*:}
  n=${rest%%:*}; rest=${rest#*:}
  pattern=${rest%%:s/*}; change=s/${rest#*:s/}
  mutant=$build/mutant-$unit-$name.v
  number=$(grep -n -- "$pattern" "$netlist" | sed -n "${n}p" | cut -d: -f1)
  [ -n "$number" ] || { echo "mutants: $unit: $name matches nothing"; exit 1; }
  sed "$number{$change}" "$netlist" > "$mutant"
  if cmp -s "$netlist" "$mutant"; then echo "mutants: $unit: $name changes nothing"; exit 1; fi
  if try "$name" "$mutant" "$@"; then echo "mutants: $unit: $name is not noticed"; exit 1; fi
  grep -q 'checks failed' "$build/mutant-$unit-$name.log" || { echo "mutants: $unit: $name fails for another reason"; exit 1; }
  killed=$((killed + 1))
done
echo "mutants: $unit: $killed broken netlists, all noticed; the unbroken one passes"
