# Place and route for two boards, with open tools, and Yosys's counts for a third family. Include after
# tb/board.mk. Needs `scripts/setup fpga`; no test does.
#   make fpga BOARD=hx8k | ulx3s | xilinx
# Each writes build/fpga/BOARD/report.txt (and the bitstream); `make fpga-results` does all three and puts the
# reports into synth/results.
BOARD  ?= hx8k
FPGA   := $(B)/fpga
FPGA_S ?= 2400  # seconds that one step of the tools may take
SEED_PNR ?= 1

# The board's oscillator, and the serial line's bit: 3 and 1 Mbit/s, what the boards' serial chips do.
hx8k_CLOCK  := 12000000 4
ulx3s_CLOCK := 25000000 25

FPGA_RTL := $(filter %.sv,$(BOARD_RTL))
FPGA_DEF := rtl/configs.def rtl/accelerator/configs.def rtl/board/configs.def scripts/config.awk synth/fpga/fpga.mk
# A configuration's row as arguments of chparam; for a whole board with its memories and clock.
FPGA_ROW  = awk -v name=$(1) -v unit=accelerator -v before='-set ' -v between=' ' -f scripts/config.awk \
              rtl/accelerator/configs.def rtl/configs.def
FPGA_MEM  = awk -v name=$(1) '!/^\#/ && $$1 == name { n++; print "-set WWords", $$2, "-set AWords", $$3, "-set RWords", $$4 } \
              END { if (n != 1) { print "rtl/board/configs.def: want one row " name > "/dev/stderr"; exit 1 } }' rtl/board/configs.def
FPGA_LINE = -set ClockHz $(word 1,$($(1)_CLOCK)) -set ClocksPerBit $(word 2,$($(1)_CLOCK))
# Runs a tool quietly, with a time limit; its last words if it fails. $(1): log file, $(2): command.
FPGA_RUN  = timeout $(FPGA_S) $(2) > $(1) 2>&1 || { rc=$$?; tail -5 $(1) >&2; echo "exit $$rc; log: $(1)" >&2; exit 1; }

# nextpnr-ecp5 is in no Debian release that we know: a WebAssembly build from PyPI stands in for it.
ECP5_BIN := $(FPGA)/venv/bin/yowasp-
NEXTPNR_ECP5 ?= $(if $(shell command -v nextpnr-ecp5),,$(ECP5_BIN))nextpnr-ecp5
ECPPACK      ?= $(if $(shell command -v ecppack),,$(ECP5_BIN))ecppack

.PHONY: fpga fpga-results fpga-latency
fpga: $(FPGA)/$(BOARD)/report.txt  ## place and route, BOARD=hx8k, ulx3s (half an hour) or xilinx (counts only)
	@cat $<

FPGA_BOARDS := hx8k ulx3s xilinx
fpga-results: $(FPGA_BOARDS:%=$(FPGA)/%/report.txt)  ## the reports of all boards into synth/results
	for b in $(FPGA_BOARDS); do cp $(FPGA)/$$b/report.txt synth/results/fpga-$$b.txt || exit 1; done

fpga-latency: $(B)/bcq  ## latency of named products on the placed boards
	synth/fpga/latency.sh > synth/results/fpga-latency.txt.new
	mv synth/results/fpga-latency.txt.new synth/results/fpga-latency.txt
	@cat synth/results/fpga-latency.txt

# The script, filled in; left alone where nothing changes, so that a new row elsewhere costs no hours.
FPGA_FILL = sed "s|@RTL@|$(FPGA_RTL)|; s|@PARAMS@|$$row|; s|@DIR@|$(@D)|" $< > $@.part && \
              { cmp -s $@.part $@ && rm $@.part || mv $@.part $@; }
$(FPGA)/hx8k/synth.ys $(FPGA)/ulx3s/synth.ys: $(FPGA)/%/synth.ys: synth/fpga/%.ys $(FPGA_DEF)
	@mkdir -p $(@D)
	@row="$$($(call FPGA_ROW,$*)) $$($(call FPGA_MEM,$*)) $(call FPGA_LINE,$*)" && $(FPGA_FILL)
$(FPGA)/xilinx/synth.ys: synth/fpga/xilinx.ys $(FPGA_DEF)
	@mkdir -p $(@D)
	@row="$$($(call FPGA_ROW,default))" && $(FPGA_FILL)

# The quick test, without place and route: tb/test_ip.sh lets Yosys elaborate these.
FPGA_TOPS := $(FPGA)/hx8k/synth.ys $(FPGA)/ulx3s/synth.ys
$(B)/tests.built: $(FPGA_TOPS)

.PHONY: rtl-packages
rtl-packages: $(filter %_pkg.sv,$(BOARD_RTL))  ## the generated packages, for those who use rtl/bcq.f

$(FPGA)/hx8k/bcq.json: synth/fpga/bcq_hx8k.sv
$(FPGA)/ulx3s/bcq.json: synth/fpga/bcq_ulx3s.sv
$(FPGA)/%/bcq.json: $(FPGA)/%/synth.ys $(FPGA_RTL)
	@$(call FPGA_RUN,$(@D)/yosys.log,yosys -q $<)
	mv $@.part $@

# ---- iCE40 ---------------------------------------------------------------------------------------------

# icebox and icetime know no options in a .pcf.
$(FPGA)/hx8k/plain.pcf: synth/fpga/hx8k.pcf
	@mkdir -p $(@D)
	sed 's/#.*//; s/-[a-z]* *yes//' $< > $@

$(FPGA)/hx8k/bcq.asc: $(FPGA)/hx8k/bcq.json synth/fpga/hx8k.pcf
	@$(call FPGA_RUN,$(@D)/nextpnr.log,nextpnr-ice40 --hx8k --package ct256 --pcf synth/fpga/hx8k.pcf --json $< \
	  --asc $@.part --freq 80 --timing-allow-fail --seed $(SEED_PNR))
	mv $@.part $@

$(FPGA)/hx8k/bcq.bin: $(FPGA)/hx8k/bcq.asc
	icepack $< $@.part
	mv $@.part $@

$(FPGA)/hx8k/icetime.log: $(FPGA)/hx8k/bcq.asc $(FPGA)/hx8k/plain.pcf
	@$(call FPGA_RUN,$@,icetime -d hx8k -P ct256 -p $(FPGA)/hx8k/plain.pcf -mtr $(@D)/icetime.txt $<)

FPGA_HEAD = echo "bcq_board (serial line, memories, accelerator) on $(1)"; echo "configuration $(2): $$(awk '$$1 == "$(2)" { $$1 = ""; print substr($$0, 2) }' rtl/configs.def)"

$(FPGA)/hx8k/report.txt: $(FPGA)/hx8k/bcq.bin $(FPGA)/hx8k/icetime.log synth/fpga/report.awk
	{ $(call FPGA_HEAD,the iCE40HX8K breakout board,hx8k); \
	  echo "tools: $$(yosys -V); $$(nextpnr-ice40 --version 2>&1); seed $(SEED_PNR); command: make fpga BOARD=hx8k"; echo; \
	  awk -v family=ice40 -f synth/fpga/report.awk $(@D)/stat.txt $(@D)/nextpnr.log $(@D)/icetime.log; } > $@.part
	mv $@.part $@

# The placed netlist as a circuit again, for the tests of the board: its LUTs, carries, flip-flops and RAM blocks
# as the bitstream has them. The model of the RAM block is the one that Yosys ships.
ICE40_CELLS := $(dir $(shell command -v yosys))../share/yosys/ice40/cells_sim.v
$(FPGA)/hx8k/netlist.v: $(FPGA)/hx8k/bcq.asc $(FPGA)/hx8k/plain.pcf synth/fpga/placed.awk
	icebox_vlog -p $(FPGA)/hx8k/plain.pcf -n bcq_hx8k_placed -s $< > $@.raw
	awk -f synth/fpga/placed.awk $@.raw > $@
	rm $@.raw

$(FPGA)/hx8k/ram.v: $(ICE40_CELLS) synth/fpga/fpga.mk
	@mkdir -p $(@D)
	{ echo '`define NO_ICE40_DEFAULT_ASSIGNMENTS'; \
	  sed -n -e '/^`ifndef NO_ICE40_DEFAULT/,/^`endif/p' -e '/^module SB_RAM40_4K (/,/^endmodule/p' $<; } > $@
	grep -q '^endmodule' $@

FPGA_PLACED := synth/fpga/placed.vlt synth/fpga/bcq_placed.sv $(FPGA)/hx8k/netlist.v $(FPGA)/hx8k/ram.v
$(B)/models/hx8k_placed.board.so: $(FPGA_PLACED) tb/dut.cpp tb/dut.h scripts/model scripts/verilated_cxx $(B)/models/support.o
	scripts/model $@ $(B)/models/support.o bcq_placed $(FPGA_PLACED) --

.PHONY: fpga-placed
fpga-placed: $(B)/models/hx8k_placed.board.so $(B)/board_sim $(B)/test_device  ## the driver's test on the placed netlist
	tb/test_placed.sh $< hx8k 5

# ---- ECP5 ----------------------------------------------------------------------------------------------

$(ECP5_BIN)nextpnr-ecp5 $(ECP5_BIN)ecppack:
	@echo "$@: run scripts/setup fpga first" >&2; exit 1

$(FPGA)/ulx3s/bcq.config: $(FPGA)/ulx3s/bcq.json synth/fpga/ulx3s.lpf $(filter $(ECP5_BIN)%,$(NEXTPNR_ECP5))
	@$(call FPGA_RUN,$(@D)/nextpnr.log,$(NEXTPNR_ECP5) --85k --package CABGA381 --lpf synth/fpga/ulx3s.lpf --json $< \
	  --textcfg $@.part --freq 80 --timing-allow-fail --seed $(SEED_PNR) --router router2)
	mv $@.part $@

$(FPGA)/ulx3s/bcq.bit: $(FPGA)/ulx3s/bcq.config
	$(ECPPACK) $< $@.part
	mv $@.part $@

$(FPGA)/ulx3s/report.txt: $(FPGA)/ulx3s/bcq.bit synth/fpga/report.awk
	{ $(call FPGA_HEAD,the ULX3S-85F (ECP5-85K),ulx3s); \
	  echo "tools: $$(yosys -V); $$($(NEXTPNR_ECP5) --version 2>&1 | head -1); seed $(SEED_PNR); command: make fpga BOARD=ulx3s"; echo; \
	  awk -v family=ecp5 -f synth/fpga/report.awk $(@D)/stat.txt $(@D)/nextpnr.log; } > $@.part
	mv $@.part $@

# ---- AMD 7 series: counts only ---------------------------------------------------------------------------

$(FPGA)/xilinx/report.txt: $(FPGA)/xilinx/bcq.json synth/fpga/xilinx.awk
	{ echo "bcq_accelerator for the AMD 7 series: what Yosys counts, not placed, not timed, no vendor's result"; \
	  echo "configuration default: $$(awk '$$1 == "default" { $$1 = ""; print substr($$0, 2) }' rtl/configs.def)"; \
	  echo "tools: $$(yosys -V), synth_xilinx -family xc7; command: make fpga BOARD=xilinx"; echo; \
	  awk -f synth/fpga/xilinx.awk $(@D)/stat.txt; } > $@.part
	mv $@.part $@
