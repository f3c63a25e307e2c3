#!/bin/sh
# Latency of named products on the placed boards: clock cycles of the plan / Fmax of the committed report.
# The cycles are those that the accelerator's counters read (build/test_device, tb/test_placed.sh), operands
# at hand; the time of the serial line is not in them. Usage: synth/fpga/latency.sh   (from the project's root)
set -eu
field() { sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p"; }
echo 'cycles: build/bcq plan; Fmax: nextpnr, the reports beside this file; MAC/s with padding not counted'
echo
echo '| product (M x N x K) | board | cycles | utilisation | Fmax | latency | M MAC/s |'
echo '|---|---|---|---|---|---|---|'
while read -r m n k name; do
  for board in hx8k ulx3s; do
    mhz=$(sed -n 's/^| Fmax, nextpnr | \([0-9.]*\) MHz.*/\1/p' synth/results/fpga-$board.txt)
    plan=$(build/bcq plan --config $board -m "$m" -n "$n" -k "$k" --json)
    cycles=$(echo "$plan" | field cycles) use=$(echo "$plan" | field utilisation)
    awk -v name="$name" -v shape="$m x $n x $k" -v board=$board -v cycles="$cycles" -v use="$use" -v mhz="$mhz" -v macs="$m $n $k" 'BEGIN {
      split(macs, d, " ")
      us = cycles / mhz
      time = us < 10000 ? sprintf("%.1f us", us) : sprintf("%.2f ms", us / 1000)
      # Utilisation is cut, not rounded: 99.999 % is not 100 %.
      printf "| %s, %s | %s | %d | %.2f %% | %.1f MHz | %s | %.0f |\n", name, shape, board, cycles,
        int(10000 * use) / 100, mhz, time, d[1] * d[2] * d[3] / us
    }'
  done
done <<LIST
1 128 128 attention, one token
128 128 128 attention, 128 tokens
128 384 128 FFN up, 128 tokens
128 128 384 FFN down, 128 tokens
512 512 512 square
LIST
