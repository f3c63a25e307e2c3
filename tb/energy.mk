# Energy: netlists of small configurations, and tests on them. Include after synth.mk and the models' rules.
EN      := $(B)/energy/$(basename $(notdir $(OPEN_LIB)))
EN_SYN  := $(wildcard synth/*.sh synth/*.awk synth/*.ys synth/*.def synth/*.tcl synth/recipes/*) scripts/config.awk scripts/config_rival.awk
# A library without a row in synth/clocks.def: a clock that its slowest path meets.
EN_NS   := $(if $(filter $(OSU018),$(OPEN_LIB)),-s 20)
en_job   = rm -rf $(@D); synth/job.sh -o $(@D) -c $(EN)/cells -r a2 $(EN_NS)

$(EN)/cells/facts.txt: $(OPEN_LIB) synth/cells.sh synth/library.awk synth/merge.awk synth/dont_use.txt
	@mkdir -p $(EN)
	synth/cells.sh $(OPEN_LIB) $(EN)/cells

$(EN)/%.array/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) rtl/configs.def
	$(en_job) -t bcq_gemm -p "$$(awk -v name=$* -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def)"
$(EN)/%.encoder/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) rtl/configs.def
	$(en_job) -t bcq_encoder -p "$$(awk -v name=$* -v unit=encoder -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def)"
$(EN)/%.rival/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) $(wildcard rtl/rivals/*.sv) rtl/rivals/configs.def
	$(en_job) -t rival_gemm -p "$$(awk -v name=$* -v before='-chparam ' -v between=' ' -f scripts/config_rival.awk cmodel/params.def rtl/rivals/configs.def)"

$(B)/test_energy: $(B)/obj/tb/test_energy.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# Small rows: of BCQ, of a rival, and an encoder. The long test has one of each format.
EN_TESTED := gap.array mxfp4-small.rival gap.encoder
EN_LONG   := $(EN_TESTED) lb2.array exact.array frozen.array vsq-small.rival int8-small.rival nvfp4-small.rival \
             int8-token-small.rival
EN_MODELS := $(patsubst %,$(B)/models/%.so,gap lb2 frozen exact vsq-small.rival mxfp4-small.rival nvfp4-small.rival int8-small.rival)
EN_TEST      := $(B)/test_energy $(EN_MODELS) $(EN_TESTED:%=$(EN)/%/job.txt)
EN_TEST_LONG := $(B)/test_energy $(EN_LONG:%=$(EN)/%/job.txt)
$(B)/tests.built: $(EN_TEST)
