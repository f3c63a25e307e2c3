# The accuracy table: universal codebooks, tests, the picture.

# Calibrated on all tensors of the embedded model and committed; compiled into the library.
UNIVERSAL  := $(wildcard sw/model/universal/*.txt)
UNIVERSAL_O := $(addsuffix /sw/universal.o,$(B)/obj $(B)/asan/obj $(B)/fuzz/obj)

$(B)/gen/bcq_universal.h: scripts/universal.awk $(UNIVERSAL)
	@mkdir -p $(@D)
	awk -f scripts/universal.awk $(UNIVERSAL) < /dev/null > $@
$(UNIVERSAL_O): $(B)/gen/bcq_universal.h

# nc, lb, la, ew, b: one parameter at a time, the others those of 4.5 bits (accuracy_configuration()).
UNIVERSAL_SETS := 2,8,64,6,4 4,8,64,6,4 8,8,64,6,4 16,8,64,6,4 8,8,16,6,4 8,8,32,6,4 8,8,128,6,4 \
  8,2,64,6,4 8,4,64,6,4 8,8,64,4,4 8,8,64,5,4 8,8,64,7,4 8,8,64,8,4 8,8,64,6,2 8,8,64,6,3

.PHONY: universal
universal: $(B)/bcq  ## calibrate sw/model/universal anew on the embedded model, half a minute
	@mkdir -p sw/model/universal
	@for set in $(UNIVERSAL_SETS); do IFS=, ; set -- $$set; unset IFS; \
	  echo "nc $$1, lb $$2, la $$3, ew $$4, b $$5"; \
	  $(B)/bcq calibrate --nc $$1 --lb $$2 --la $$3 --ew $$4 --bits $$5 \
	    -o sw/model/universal/nc$$1-lb$$2-la$$3-ew$$4-b$$5.txt \
	    sw/model/weights.safetensors sw/model/activations.safetensors > $(B)/universal.log || exit 1; \
	done

$(B)/test_compare: tb/test_compare.c tb/random.h sw/accuracy.h sw/fast_encode.h cmodel/formats/format.h $(B)/libbcq.a
	$(CC) $(CSTD) $(WARN) $(CFLAGS) $(INC) $(filter %.c %.a,$^) $(LIBS) -o $@
$(B)/tests.built: $(B)/test_compare
