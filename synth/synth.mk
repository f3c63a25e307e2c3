# Area of one configuration on one library. Included by the top Makefile.
#   make synth CONFIG=la128 LIBERTY=path/to/cells.lib[.gz]
# Debian 12 has the package qflow-tech-osu018, later releases do not: then the toy library, whose areas
# are gate equivalents.
OSU018   := /usr/share/qflow/tech/osu018/osu018_stdcells.lib
OPEN_LIB := $(if $(wildcard $(OSU018)),$(OSU018),$(B)/gen/toy.lib)
LIBERTY  ?= $(OPEN_LIB)
CONFIG   ?= default
SYNTH_S  ?= 600  # seconds that one run of Yosys may take; on an idle machine about one minute is needed

SY_LIB   := $(basename $(notdir $(LIBERTY:.gz=)))
SY       := $(B)/synth/$(CONFIG)-$(SY_LIB)
NETLIST  := $(B)/netlist/$(SY_LIB)
SY_RTL   := $(filter-out %_pkg.sv,$(wildcard rtl/*.sv))

# rtl/configs.def: NAME LB LA NC B EW COLS T NDEC ACC TABLES
SY_ROW   := $(shell awk '$$1 == "$(CONFIG)"' rtl/configs.def)
SY_COL    = $(word $(1),$(SY_ROW))
SY_PARAM  = awk -v name=$(CONFIG) -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def

# Frozen tables are mapped twice, and once more as if they were programmable, to compare.
SY_FILE  := $(patsubst frozen:%,%,$(filter frozen:%,$(call SY_COL,11)))
SY_TWIN  := $(if $(SY_FILE),$(SY)/programmable)

$(B)/gen/toy.lib: synth/toy_lib.awk
	@mkdir -p $(@D)
	awk -f $< > $@

.PHONY: synth
synth: $(SY)/report.txt  ## area table of CONFIG on LIBERTY (Yosys, no layout)
	@cat $<

# Each of these folders holds the library and what library.awk finds in it.
$(SY)/cells.lib $(SY_TWIN:=/cells.lib) $(NETLIST)/cells.lib: $(LIBERTY) synth/library.awk synth/dont_use.txt
	@mkdir -p $(@D)
	@rm -f $(@D)/facts.txt
	gzip -cdf $< | awk -v facts=$(@D)/facts.txt -v gates=$(@D)/gates.v -v model=$(@D)/gate_model.v \
	  -f synth/library.awk synth/dont_use.txt - > $@

$(SY)/stat.txt: SY_TABLES = $(if $(SY_FILE),script synth/frozen.ys)
$(SY_TWIN:=/stat.txt): SY_TABLES =
$(SY_TWIN:=/stat.txt): SY_DROP = | sed 's/-chparam Frozen[A-Za-z]* [^ ]* //g'
$(SY)/stat.txt $(SY_TWIN:=/stat.txt): %/stat.txt: %/cells.lib $(B)/gen/bcq_pkg.sv $(SY_RTL) rtl/configs.def \
    scripts/config.awk $(SY_FILE) synth/synth.ys synth/frozen.ys synth/area.abc
	params=$$($(SY_PARAM) $(SY_DROP)) && sed "s|@DIR@|$(@D)|g; s|@RTL@|$(SY_RTL)|; s|@PARAMS@|$$params|; \
	  s|@TABLES@|$(SY_TABLES)|" synth/synth.ys > $(@D)/synth.ys
	timeout $(SYNTH_S) yosys -q -l $(@D)/yosys.log $(@D)/synth.ys > $(@D)/yosys.out 2>&1 \
	  || { rc=$$?; tail -5 $(@D)/yosys.out >&2; exit $$rc; }; times > $(@D)/times.txt

# Row decoders: one for every 8 of the LA lanes of a column. macs: the LA lanes of all columns.
SY_REPORT = awk -v top=bcq_gemm -v macs=$$(( $(call SY_COL,3) * $(call SY_COL,7) )) \
	  -v row_decoders=$$(( $(call SY_COL,3) / 8 )) -v load_decoders=$(call SY_COL,9) -v tables=$(1) \
	  -f synth/report.awk $(2)/facts.txt $(2)/coarse.il $(2)/stat.txt

$(SY)/report.txt: $(SY)/stat.txt $(SY_TWIN:=/stat.txt) synth/report.awk
	{ echo "bcq_gemm, configuration $(CONFIG): $(wordlist 2,11,$(SY_ROW))"; \
	  echo "library: $$(awk '$$1 == "library" { print $$2 }' $(SY)/facts.txt), $$(awk '$$1 == "clock_gate" \
	    { g = "clock gates " $$2 } END { print g ? g : "no clock-gate cell: enable multiplexers" }' $(SY)/facts.txt)"; \
	  echo "tools: $$(yosys -V), ABC of Debian; recipe: synth/synth.ys with synth/area.abc (A2, for area, no timing goal)"; \
	  echo "synthesis only: no layout, no wires, no clock tree, no tie cells, no buffering"; \
	  awk 'FNR == 2 { gsub(/[ms]/, " "); cpu += 60 * ($$1 + $$3) + $$2 + $$4 } \
	    END { printf "took %.0f s of one core\n", cpu }' $(SY)/times.txt $(SY_TWIN:=/times.txt); \
	  echo; \
	  $(call SY_REPORT,$(if $(SY_FILE),frozen,programmable),$(SY)); \
	  $(if $(SY_TWIN),echo; echo "The same with programmable tables:"; echo; \
	    $(call SY_REPORT,programmable,$(SY_TWIN));) } > $@
	awk '/^decoding with/ { n++; split($$0, part, ": "); um2[n] = part[2] + 0 } END { if (n == 2) \
	  printf "\ndecoding, frozen / programmable: %d / %d um2 = %.3f\n", um2[1], um2[2], um2[1] / um2[2] }' $@ > $@.end
	cat $@.end >> $@; rm $@.end

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
