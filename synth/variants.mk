# The array's variants on one library, that of make synth: LIBERTY=...
.PHONY: variants-area
variants-area: $(CELLS)/cells.lib $(B)/gen/bcq_pkg.sv  ## area by the place of decoding and by the coding of entries
	mkdir -p $(SY)
	synth/variants.sh $(CELLS) $(SY)/variants.txt
	cat $(SY)/variants.txt
