# A cell library in gate equivalents, so that an area exists with no foundry's library at all:
#   awk -f synth/toy_lib.awk > toy.lib
# Areas are those of plain static CMOS, transistors / 4, so that the NAND2 is 1. No timing.

function pin(name, what) { printf "    pin(%s) {\n%s    }\n", name, what }
function pin_in(name) { pin(name, "      direction : input;\n      capacitance : 1;\n") }
function pin_out(name, fn) {
  pin(name, "      direction : output;\n      function : \"" fn "\";\n")
}
function cell(name, transistors, inputs, fn,    i, n, list) {
  printf "  cell(%s) {\n    area : %g;\n", name, transistors / 4
  n = split(inputs, list, " ")
  for (i = 1; i <= n; i++) pin_in(list[i])
  pin_out("Y", fn)
  print "  }"
}
function flop(name, transistors, reset, set) {
  printf "  cell(%s) {\n    area : %g;\n", name, transistors / 4
  print "    ff(IQ, IQN) {\n      clocked_on : \"C\";\n      next_state : \"D\";"
  if (reset) print "      clear : \"!R\";"
  if (set) print "      preset : \"!S\";"
  print "    }"
  pin("C", "      direction : input;\n      clock : true;\n      capacitance : 1;\n")
  pin_in("D")
  if (reset) pin_in("R")
  if (set) pin_in("S")
  pin_out("Q", "IQ")
  print "  }"
}
function latch(name, transistors) {
  printf "  cell(%s) {\n    area : %g;\n", name, transistors / 4
  print "    latch(IQ, IQN) {\n      enable : \"E\";\n      data_in : \"D\";\n    }"
  pin_in("E")
  pin_in("D")
  pin_out("Q", "IQ")
  print "  }"
}
BEGIN {
  print "library(toy) {"
  cell("INV", 2, "A", "!A")
  cell("BUF", 4, "A", "A")
  cell("NAND2", 4, "A B", "!(A & B)")
  cell("NAND3", 6, "A B C", "!(A & B & C)")
  cell("NOR2", 4, "A B", "!(A | B)")
  cell("NOR3", 6, "A B C", "!(A | B | C)")
  cell("AND2", 6, "A B", "A & B")
  cell("OR2", 6, "A B", "A | B")
  cell("AOI21", 6, "A B C", "!((A & B) | C)")
  cell("OAI21", 6, "A B C", "!((A | B) & C)")
  cell("AOI22", 8, "A B C D", "!((A & B) | (C & D))")
  cell("OAI22", 8, "A B C D", "!((A | B) & (C | D))")
  cell("XOR2", 10, "A B", "A ^ B")
  cell("XNOR2", 10, "A B", "!(A ^ B)")
  cell("MUX2", 10, "A B S", "(A & !S) | (B & S)")
  flop("DFF", 20, 0, 0)
  flop("DFFR", 24, 1, 0)
  flop("DFFS", 24, 0, 1)
  latch("LATCH", 10)
  print "}"
}
