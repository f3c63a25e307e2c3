# One netlist in OpenSTA. synth/job.sh fills in what is written @SO@. The clock is ideal; inputs come from
# flip-flops of the same clock and outputs end at such. Memories are timed as flip-flops at all their ports.
read_liberty @CELLS@/cells.lib
set_cmd_units -time ns
@MEMORY@
read_verilog @OUT@/netlist.v
link_design @TOP@
set_delay_calculator lumped_cap
create_clock -name clk -period @PERIOD@ clk_i
set_input_delay @FLOP@ -clock clk [all_inputs]
set_output_delay 0 -clock clk [all_outputs]
report_checks -path_delay max
report_checks -path_delay max -format summary -group_count 1000000 > @OUT@/ends.txt
