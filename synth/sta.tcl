# One netlist in OpenSTA. synth/job.sh fills in what is written @SO@. The clock is ideal; inputs come from
# flip-flops of the same clock and outputs end at such. Memories are timed as flip-flops at all their ports.
# Without a clock tree there is no pessimism to take back: OpenSTA would credit gated clocks for delays that none has.
set sta_crpr_enabled 0
read_liberty @CELLS@/cells.lib
set_cmd_units -time ns
@MEMORY@
read_verilog @OUT@/netlist.v
link_design @TOP@
set_delay_calculator lumped_cap

# Codebooks in latches stand while a product runs: no path of a cycle begins there.
proc static_codebooks {paths} {
  set names {}
  foreach cell [all_registers -level_sensitive -cells] { lappend names [get_full_name $cell] }
  foreach path $paths {
    if {[lsearch -glob $names $path/*] >= 0} { set_false_path -through [get_pins $path/table_o*] }
  }
}

# The worst path to each end at a period -> slack(END), from(END); returns the least slack.
proc ends_at {period file slack_name from_name} {
  upvar $slack_name slack $from_name from
  create_clock -name clk -period $period clk_i
  set_input_delay @FLOP@ -clock clk [all_inputs]
  set_output_delay 0 -clock clk [all_outputs]
  report_checks -path_delay max -format summary -digits 6 -group_count 1000000 > $file
  array unset slack
  set least {}
  set f [open $file]
  while {[gets $f line] >= 0} {
    set word [regexp -all -inline {\S+} $line]
    if {[llength $word] != 5 || ![string match (*) [lindex $word 3]]} continue
    set end [string map {\\ {}} [lindex $word 2]]
    set slack($end) [lindex $word 4]
    set from($end) [lindex $word 0]
    if {$least == {} || $slack($end) < $least} { set least $slack($end) }
  }
  close $f
  return $least
}

# What each end needs, from slack at a period now and, where it is known, before at another -> needs(END); returns the
# most. Slack falls with the period, that of a path of half a cycle by half as much. A latch takes what comes while it
# is open, and passes it on: that counts where it ends, so a latch needs something only where data miss it.
proc needs_at {now last} {
  upvar slack slack before before is_latch is_latch needs needs
  array unset needs
  set most 0
  foreach end [array names slack] {
    if {$slack($end) >= 0 && [info exists is_latch([file dirname $end])]} continue
    set share 1
    if {[info exists before($end)]} {
      set share [expr {round(2 * ($slack($end) - $before($end)) / ($now - $last)) / 2.0}]
      if {$share < 0.5} { set share 1 }
    }
    set needs($end) [expr {$now - $slack($end) / $share}]
    if {$needs($end) > $most} { set most $needs($end) }
  }
  return $most
}

# Of each end the period that its worst path needs -> @OUT@/ends.txt: START END NS a line; then a line `least NS`, of
# all, or `least none met` or `missed` of the target. With latches other paths may be the worst at another period: the
# least one is tried, until what it takes is what the ends need.
proc least_period {target} {
  foreach cell [all_registers -level_sensitive -cells] { set is_latch([string map {\\ {}} [get_full_name $cell]]) 1 }
  set met [expr {[ends_at $target @OUT@/paths.txt slack from] >= 0 ? {met} : {missed}}]
  from_memories @OUT@/memory.read
  set least [needs_at $target $target]
  set found [expr {![info exists is_latch]}]
  set now $target
  for {set try 0} {$try < 5 && !$found} {incr try} {
    set last $now
    set now [expr {abs($least - $last) < 0.02 * $last ? 0.95 * $last : $least}]
    array unset before
    array set before [array get slack]
    ends_at $now @OUT@/paths.txt slack from
    set least [needs_at $now $last]
    set found [expr {abs($least - $now) < 0.005}]
  }
  set f [open @OUT@/ends.txt w]
  foreach end [array names needs] { puts $f "$from($end) $end [format %.4f $needs($end)]" }
  puts $f "least [expr {$found ? [format %.4f $least] : "none $met"}]"
  close $f
}
