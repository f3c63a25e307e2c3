# The explorer's report page and pictures.
$(B)/asan/fill_page: tb/fill_page.c sw/explore_page.h $(patsubst %,$(B)/asan/obj/sw/%.o,explore_page output error)
	$(CC) $(CSTD) $(WARN) $(ASAN) $(INC) $(filter %.c %.o,$^) -ljansson -o $@
$(B)/tests.built: $(B)/asan/fill_page $(B)/gen/toy.lib $(B)/gen/bcq_pkg.sv
