# The programs with which simulators' speed is compared; included by ../Makefile.
#
# PROGRAM.elf is for our core and for qemu-system-riscv32, PROGRAM.linux.elf for qemu-riscv32: the same objects linked to
# the same addresses, but for start and console. Native programs say what the checksums have to be.

BENCHES := conv conv-index conv-tiled mix strings
BENCH_COMMON := bench/main.c runtime/console.c runtime/memory.c
BENCH_SOURCES_conv       := bench/conv.c bench/conv_pointer.c
BENCH_SOURCES_conv-index := bench/conv.c bench/conv_index.c kernels/reference/conv_2d.c
BENCH_SOURCES_conv-tiled := bench/conv.c bench/conv_tiled.c kernels/optimised/conv_2d.c kernels/optimised/matrix.c
BENCH_SOURCES_mix        := bench/mix.c bench/list.c bench/matrix.c bench/tokens.c
BENCH_SOURCES_strings    := bench/strings.c
BENCH_BARE  := runtime/crt0.S runtime/uart.c bench/bare.c
BENCH_LINUX := bench/linux_start.S bench/linux.c
BENCH_ELFS  := $(BENCHES:%=bench/%.elf) $(BENCHES:%=bench/%.linux.elf)
BENCH_LINK  := $(ARCH) -nostdlib -nostartfiles -Wl,--build-id=none -Wl,--gc-sections -Wl,-T,bench/bench.ld \
               -Wl,-z,max-page-size=4096 -Wl,--strip-debug

.PHONY: bench bench-native bench-native-test

bench: $(BENCH_ELFS:%=$(BUILD)/%)

bench_objects = $(call object,$(BENCH_SOURCES_$(1)) $(BENCH_COMMON))

$(BENCHES:%=$(BUILD)/bench/%.linux.elf): $(BUILD)/bench/%.linux.elf: $$(call bench_objects,$$*) $(call object,$(BENCH_LINUX)) bench/bench.ld
	$(CROSS)gcc $(BENCH_LINK) $(filter %.o,$^) -o $@

$(BENCHES:%=$(BUILD)/bench/%.elf): $(BUILD)/bench/%.elf: $$(call bench_objects,$$*) $(call object,$(BENCH_BARE)) bench/bench.ld
	$(CROSS)gcc $(BENCH_LINK) $(filter %.o,$^) -o $@

$(BUILD)/bench/%.c.o: bench/%.c $(HEADERS) $(wildcard bench/*.h) Makefile bench/bench.mk
	@mkdir -p $(@D)
	$(CROSS)gcc $(CFLAGS) -Ibench -c $< -o $@

# ---- on this machine: what the checksums have to be ----------------------------------------------------------------

bench-native: $(BENCHES:%=$(BUILD)/bench/native/%)

$(BUILD)/bench/native/%: bench/native.c $$(BENCH_SOURCES_$$*) bench/main.c runtime/console.c $(HEADERS) \
                         $(wildcard bench/*.h) Makefile bench/bench.mk
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) -Ibench -Dmain=bench_main -c bench/main.c -o $@.main.o
	$(HOSTCC) $(HOSTFLAGS) -Ibench $(filter-out bench/main.c,$(filter %.c,$^)) $@.main.o -o $@

bench-native-test: bench-native
	for bench in $(BENCHES); do $(BUILD)/bench/native/$$bench && $(BUILD)/bench/native/$$bench 3 || exit 1; done \
	    | diff - bench/expected.txt
