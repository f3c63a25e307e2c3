# Energy: netlists of small configurations, and tests on them. Include after synth.mk and the models' rules.
EN      := $(B)/energy/$(basename $(notdir $(OPEN_LIB)))
EN_SYN  := $(wildcard synth/*.sh synth/*.awk synth/*.ys synth/*.def synth/*.tcl synth/recipes/*) scripts/config.awk scripts/config_rival.awk
en_job   = rm -rf $(@D); synth/job.sh -o $(@D) -c $(EN)/cells -r a2

$(EN)/cells/facts.txt: $(OPEN_LIB) synth/cells.sh synth/library.awk synth/merge.awk synth/clocks.def synth/dont_use.txt
	@mkdir -p $(EN)
	synth/cells.sh $(OPEN_LIB) $(EN)/cells

$(EN)/%.array/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) rtl/configs.def
	$(en_job) $(if $(findstring frozen,$*),-f) -t bcq_gemm -p "$$(awk -v name=$* -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def)"
$(EN)/%.encoder/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) rtl/configs.def
	$(en_job) -t bcq_encoder -p "$$(awk -v name=$* -v unit=encoder -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def)"
$(EN)/%.rival/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) $(wildcard rtl/rivals/*.sv) rtl/rivals/configs.def
	$(en_job) -t rival_gemm -p "$$(awk -v name=$* -v before='-chparam ' -v between=' ' -f scripts/config_rival.awk cmodel/params.def rtl/rivals/configs.def)"

# NAME.LANES: a format of tb/rival_encoder.mk and EncLanes.
$(EN)/%.rival_encoder/job.txt: $(EN)/cells/facts.txt $(EN_SYN) $(B)/gen/bcq_pkg.sv $(SY_RTL) $(wildcard rtl/rivals/*.sv) cmodel/params.def
	$(en_job) -t rival_encoder -p "$(subst -G,-chparam ,$(subst =, ,$(subst \',',$(call rival_enc_params,$(basename $*))))) -chparam EncLanes $(subst .,,$(suffix $*))"

$(B)/test_energy: $(B)/obj/tb/test_energy.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# Small rows: of BCQ, of a rival, with weights in latches, and an encoder. The long test has one of
# each format.
EN_TESTED := gap.array mxfp4-small.rival asiccode.array gap.encoder vsq.2.rival_encoder
EN_LONG   := $(EN_TESTED) asic.array mxfp4-asic.rival lb2.array exact.array frozen.array \
             vsq-small.rival int8-small.rival nvfp4-small.rival \
             int8-token-small.rival int8-token.1.rival_encoder int8.1.rival_encoder mxfp4.1.rival_encoder \
             nvfp4.8.rival_encoder lb2.encoder
EN_MODELS := $(patsubst %,$(B)/models/%.so,gap lb2 frozen exact vsq-small.rival mxfp4-small.rival nvfp4-small.rival int8-small.rival)
EN_TEST      := $(B)/test_energy $(EN_MODELS) $(PE_CELLS)/bcq_pe.v $(EN_TESTED:%=$(EN)/%/job.txt)
EN_TEST_LONG := $(B)/test_energy $(PE_CELLS)/bcq_pe.v $(EN_LONG:%=$(EN)/%/job.txt)
EN_RUN        = tb/test_energy.sh $(B)/bcq $(B)/test_energy $(OPEN_LIB) $(PE_CELLS)
$(B)/tests.built: $(EN_TEST)
