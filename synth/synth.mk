# Area and delay of one configuration on one library. Included by the top Makefile.
#   make synth [CONFIG=la128] [UNIT=encoder] [LIBERTY=cells.lib[.gz] or a folder] [RECIPE=a2 or all] [CLOCK=ns]
# CONFIG: a row of rtl/configs.def, or of rtl/rivals/configs.def.
# Debian 12 has the package qflow-tech-osu018, later releases do not: then the toy library, whose areas
# are gate equivalents.
OSU018   := /usr/share/qflow/tech/osu018/osu018_stdcells.lib
OPEN_LIB := $(if $(wildcard $(OSU018)),$(OSU018),$(B)/gen/toy.lib)
LIBERTY  ?= $(OPEN_LIB)
# A folder of other open libraries, for synth-reports and compare-hw: ihp_sg13g2/ (IHP-Open-PDK's standard cells and
# RM_*: SRAM macros), sky130hd/ and asap7_rvt/ (files of those of OpenROAD-flow-scripts). Empty: none.
LIBERTY_DATA ?= $(wildcard ../shared/data/liberty)
CONFIG   ?= default
UNIT     ?= gemm
RECIPE   ?= resub
CLOCK    ?=
SYNTH_S  ?= 600  # seconds that one job may take; on an idle machine a minute and a half is needed

# A comma inside the arguments of a function of make.
, := ,
RECIPES  := $(basename $(notdir $(wildcard synth/recipes/*.abc)))
# Its name in build/; but for make test's library a few digits of its path behind it, as names recur in other folders.
SY_PATH  := $(patsubst %/,%,$(firstword $(LIBERTY)))
SY_LIB   := $(basename $(notdir $(SY_PATH:.gz=)))$(if $(filter-out $(OPEN_LIB),$(SY_PATH)),-$(shell \
    printf %s '$(abspath $(LIBERTY))' | md5sum | cut -c1-6))
SY       := $(B)/synth/$(CONFIG)$(UNIT:gemm=)-$(SY_LIB)$(CLOCK:%=-%)
NETLIST  := $(B)/netlist/$(SY_LIB)
# The library, made ready; one folder a library, which holds the mapped element of make netlist, too.
CELLS    := $(NETLIST)
SY_RTL   := $(wildcard rtl/*.sv rtl/rivals/*.sv)

# rtl/configs.def: NAME LB LA NC B EW COLS T NDEC ACC TABLES; rtl/rivals/configs.def: NAME FORMAT LA COLS T NDEC
SY_ROW   := $(shell awk '$$1 == "$(CONFIG)"' rtl/configs.def)
SY_RIVAL := $(if $(SY_ROW),,$(shell awk '$$1 == "$(CONFIG)"' rtl/rivals/configs.def))
SY_TOP   := $(if $(SY_RIVAL),rival,bcq)_$(UNIT)
SY_MACS  := $(shell set -- $(SY_ROW) $(SY_RIVAL); echo $$(( $(if $(SY_RIVAL),$${3:-1} * $${4:-1},$${3:-1} * $${7:-1}) )))
SY_BEFORE = -v before='-chparam ' -v between=' '
SY_PARAM := $(if $(SY_RIVAL),awk -v name=$(CONFIG) $(SY_BEFORE) -f scripts/config_rival.awk cmodel/params.def \
    rtl/rivals/configs.def$(if $(filter encoder,$(UNIT)), | grep -o -e '-chparam Format [0-9]*'),awk -v name=$(CONFIG) \
    $(if $(filter encoder,$(UNIT)),-v unit=encoder) $(SY_BEFORE) -f scripts/config.awk rtl/configs.def)

# Frozen tables are mapped once more as if they were programmable, to compare.
SY_FILE  := $(patsubst frozen:%,%,$(filter frozen:%,$(word 11,$(SY_ROW))))
SY_USED  := $(if $(filter all,$(RECIPE)),$(RECIPES),$(RECIPE))
SY_JOBS  := $(SY_USED:%=$(SY)/%/job.txt)
SY_TWIN  := $(if $(SY_FILE),$(SY_USED:%=$(SY)/programmable/%/job.txt))

$(B)/gen/toy.lib: synth/toy_lib.awk
	@mkdir -p $(@D)
	awk -f $< > $@

.PHONY: synth synth-clock synth-reports
synth: $(SY)/report-$(RECIPE).txt  ## area and delay by part: CONFIG, UNIT=encoder, LIBERTY, RECIPE=all (no layout)
	@cat $<

$(CELLS)/facts.txt $(CELLS)/cells.lib &: $(LIBERTY) synth/cells.sh synth/library.awk synth/merge.awk synth/dont_use.txt synth/clocks.def
	synth/cells.sh $(LIBERTY) $(CELLS)

# What a job of synth/job.sh depends on.
SY_NEEDS := $(B)/gen/bcq_pkg.sv $(SY_RTL) rtl/configs.def rtl/rivals/configs.def scripts/config.awk \
    scripts/config_rival.awk $(SY_FILE) $(filter-out synth/report.awk,$(wildcard synth/*.awk)) synth/job.sh synth/job.ys \
    synth/final.ys synth/memory.ys synth/memory_map.v synth/frozen.ys synth/sta.tcl synth/tail.abc synth/blocks.def

$(SY_TWIN): SY_DROP = | sed 's/-chparam Frozen[A-Za-z]* [^ ]* //g'
$(SY_JOBS): SY_FROZEN = $(if $(SY_FILE),-f)
$(SY_JOBS) $(SY_TWIN): $(SY)/%/job.txt: $(CELLS)/facts.txt $(SY_NEEDS) $(wildcard $(SY_USED:%=synth/recipes/%.abc))
	@rm -rf $(@D)
	@$(if $(SY_ROW)$(SY_RIVAL),,echo "make synth: CONFIG: wanted a row of rtl/configs.def or rtl/rivals/configs.def, got $(CONFIG)" >&2; exit 2)
	params=$$($(SY_PARAM) $(SY_DROP)) && SYNTH_S=$(strip $(SYNTH_S)) synth/job.sh -o $(@D) -c $(CELLS) -t $(SY_TOP) \
	  -r $(notdir $*) -p "$$params" $(CLOCK:%=-s %) $(SY_FROZEN)

# One table: $(call sy_table,TITLE,JOBS)
sy_table = awk -v title="$(1)" -v macs=$(SY_MACS) -v memories=$(dir $(firstword $(2)))memories.txt -f synth/report.awk $(CELLS)/facts.txt \
    $(foreach j,$(2),$(j) $(dir $(j))parts.csv $$(ls $(dir $(j))timing.csv 2> /dev/null))

$(SY)/report-$(RECIPE).txt: $(SY_JOBS) $(SY_TWIN) synth/report.awk
	{ $(call sy_table,$(SY_TOP)$(,) configuration $(CONFIG): $(wordlist 2,19,$(SY_ROW) $(SY_RIVAL)),$(SY_JOBS)) \
	  $(if $(SY_TWIN),&& echo && $(call sy_table,The same with programmable tables,$(SY_TWIN))); } > $@.new
	mv $@.new $@
	awk '/^decoding / { n++; split($$0, part, ": "); um2[n] = part[2] + 0 } END { if (n == 2) \
	  printf "\ndecoding, frozen / programmable: %d / %d um2 = %.3f\n", um2[1], um2[2], um2[1] / um2[2] }' $@ > $@.end
	cat $@.end >> $@; rm $@.end

# The rule of synth/clocks.def, on LIBERTY.
synth-clock: $(CELLS)/facts.txt $(B)/gen/bcq_pkg.sv  ## the clock that synth/clocks.def has for LIBERTY, by its rule
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	  synth/job.sh -o "$$dir/pe" -c $(CELLS) -t bcq_pe -p '-chparam EW 8 -chparam PsumW 21' -s 100 && \
	  awk -F , -v lib=$$(awk '$$1 == "library" { print $$2 }' $(CELLS)/facts.txt) '$$1 == "total" { d = $$3; p = 1.12 * d; s = p < 2 ? 0.1 : 0.5; \
	    n = int(p / s); if (n * s < p) n++; printf "%s: INT8 element %.3f ns, 12 %% more %.3f, clock %.1f ns\n", lib, d, p, n * s }' "$$dir/pe/timing.csv"

# The committed reports: OSU018 and the libraries in LIBERTY_DATA; what is absent is skipped.
SY_LIBS   = osu018:$(OSU018) $(if $(LIBERTY_DATA),ihp:$(EX_IHP) asap7:$(LIBERTY_DATA)/asap7_rvt \
    sky130:$(LIBERTY_DATA)/sky130hd/sky130_fd_sc_hd__tt_025C_1v80.lib.gz)
synth-reports:  ## remake synth/results of make synth: default and frozen on OSU018 and LIBERTY_DATA= (RECIPE=all: an hour)
	@for pair in $(SY_LIBS); do name=$${pair%%:*} lib=$${pair#*:}; \
	  [ -e "$$lib" ] || { echo "synth-reports: $$name: skipped, $$lib is not there"; continue; }; \
	  for config in default frozen; do \
	    $(MAKE) -s synth CONFIG=$$config LIBERTY="$$lib" > synth/results/$$config-$$name.txt.new && \
	    mv synth/results/$$config-$$name.txt.new synth/results/$$config-$$name.txt || { rm -f synth/results/*.txt.new; exit 1; }; \
	    echo "synth-reports: $$config-$$name.txt"; \
	  done; done

# The mapped processing element and a Verilog model of its cells, for a test that simulates both.
.PHONY: netlist
netlist: $(NETLIST)/bcq_pe.v  ## mapped processing element and its cells in Verilog

# Yosys cannot model a clock gate from its liberty entry: that one cell is written by library.awk.
$(NETLIST)/bcq_pe.v: $(NETLIST)/cells.lib rtl/bcq_pe.sv synth/netlist.ys synth/area.abc
	sed 's|@DIR@|$(@D)|g; s|@GATE@|'"$$(awk '$$1 == "clock_gate" { g = $$2 } END { print g ? g : "t:none" }' $(@D)/facts.txt)"'|' \
	  synth/netlist.ys > $(@D)/netlist.ys
	timeout 120 yosys -q -l $(@D)/yosys.log $(@D)/netlist.ys > $(@D)/yosys.out 2>&1 \
	  || { tail -5 $(@D)/yosys.out >&2; exit 1; }
	cat $(@D)/gate_model.v >> $(@D)/cells.v
