# The board: bcq_accelerator behind a serial line (rtl/board/). Include after the models' rules.
BOARD_RTL := $(ACC_RTL) rtl/board/lint.vlt $(B)/gen/bcq_board_pkg.sv $(wildcard rtl/board/*.sv)

# scripts/registers.awk writes the accelerator's names; the board's have their own.
board_names = sed -e 's,rtl/accelerator/,rtl/board/,' -e 's/bcq_reg_pkg/bcq_board_pkg/' \
                -e 's/BCQ_REGISTERS_H/BCQ_BOARD_H/' -e '/^enum\|^ *localparam/!b' -e 's/BCQ_/BCQ_BOARD_/g'
$(B)/gen/bcq_board.h: rtl/board/registers.def scripts/registers.awk tb/board.mk
	@mkdir -p $(@D)
	awk -v lang=c -f scripts/registers.awk $< | $(board_names) > $@

$(B)/gen/bcq_board_pkg.sv: rtl/board/registers.def scripts/registers.awk tb/board.mk
	@mkdir -p $(@D)
	awk -v lang=sv -f scripts/registers.awk $< | $(board_names) > $@

# The memories of a row of rtl/board/configs.def.
memories = $(shell awk -v name=$(1) '!/^\#/ && $$1 == name { print "-GWWords=" $$2, "-GAWords=" $$3, "-GRWords=" $$4 }' \
             rtl/board/configs.def)
$(B)/models/%.board.so: $(MODEL) $(BOARD_RTL) $(B)/models/support.o rtl/configs.def rtl/accelerator/configs.def \
    rtl/board/configs.def scripts/config.awk
	scripts/model $@ $(B)/models/support.o bcq_board $(BOARD_RTL) -- $(call params,$*,accelerator) $(call memories,$*)

$(B)/board_sim: $(B)/obj/tb/board_sim.o
	$(CC) $(CFLAGS) $^ -ldl -lm -o $@

$(B)/obj/tb/test_uart.o: $(B)/gen/bcq_board.h
$(B)/test_uart: $(B)/obj/tb/test_uart.o $(B)/libbcq.a
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

$(B)/tests.built: $(B)/test_uart $(B)/board_sim $(B)/models/gap.board.so
