# SystemVerilog of rtl/ -> what Icarus 11 takes. No meaning changes.
# Types of parameters: only vectors.
s/\(parameter\|localparam\) \{1,\}int unsigned/\1 [31:0]/
s/\(parameter\|localparam\) \{1,\}bit \{1,\}/\1 [0:0] /
# An elaboration that is refused stops the run instead.
s/^\( *\)\$error(/\1initial $fatal(1, /
# Assertions: no labels.
s/[A-Za-z]\{1,\}: *assert/assert/
# A cast to signed within another cast.
s/\([^n]\)signed'(/\1$signed(/g
