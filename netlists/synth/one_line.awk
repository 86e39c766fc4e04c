# Yosys writes a pin a line; here a cell is a line. The first line, Yosys's version, goes to the statistics instead.
NR == 1 {
  print "// Made from rtl/ by `make -C netlists update`; not to be edited."
  next
}
/^  [A-Za-z0-9_]+ U[0-9]+ \($/ { cell = $0; next }
cell != "" {
  sub(/^ +/, "")
  if ($0 == ");") { print cell ");"; cell = "" }
  else            { cell = cell $0 (/,$/ ? " " : "") }
  next
}
{ print }
