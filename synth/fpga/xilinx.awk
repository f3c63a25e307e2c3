# synth_xilinx's stat -> counts of LUTs, flip-flops, DSPs and RAM blocks. A LUT6_2 or LUT RAM counts as the
# LUTs that it takes in a SLICEM.
NF == 2 && $2 ~ /^[0-9]+$/ { n[$1] = $2 }
END {
  for (c in n) {
    if (c ~ /^LUT[1-6]$/ || c == "INV") luts += n[c]
    if (c ~ /^FD[RSCP]E$/) ff += n[c]
    if (c ~ /^RAM32M|^RAM64M/) ram_luts += 4 * n[c]
    if (c ~ /^RAM(32|64)X1D$/) ram_luts += 2 * n[c]
    if (c ~ /^SRL/) ram_luts += n[c]
    if (c ~ /^RAMB/ || c ~ /^DSP/ || c ~ /^CARRY4$/ || c ~ /^MUXF/) other[c] = n[c]
  }
  if (!luts || !ff) { print "xilinx.awk: no LUTs or no flip-flops in stat" > "/dev/stderr"; exit 1 }
  print "| what | figure |"
  print "|---|---|"
  printf "| LUTs (LUT1 to LUT6) | %d |\n| LUTs as memory or shift register | %d |\n| flip-flops | %d |\n", luts, ram_luts, ff
  printf "| DSP48E1 | %d |\n| RAMB36E1 | %d |\n| RAMB18E1 | %d |\n", other["DSP48E1"], other["RAMB36E1"], other["RAMB18E1"]
  printf "| CARRY4 | %d |\n| MUXF7, MUXF8 | %d, %d |\n", other["CARRY4"], other["MUXF7"], other["MUXF8"]
}
