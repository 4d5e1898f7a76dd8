# libsbertja. `make help` lists the targets; local choices go into config.mk, which is read if it is there.
-include config.mk

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr/local
# Compiled in, as the last place to look for the default model; those beside the installed files follow by themselves.
datadir  ?= $(PREFIX)/share
DESTDIR  ?=
CC       ?= gcc
CXX      ?= g++
OPT      ?= -O2 -g
V        ?= 0
ifeq ($(V),0)
Q := @
say = @echo "  $(1)"
endif

# ---- What must be installed -------------------------------------------------------------------------------------

PACKAGES := libutf8proc libcjson libzip expat
# The library has its header only and opens it at run time; some tests and the benchmark link it.
OPENBLAS := openblas
DEBIAN_DICTIONARY := /var/lib/mecab/dic/ipadic-utf8
have_all  = $(shell pkg-config --exists $(PACKAGES) $(OPENBLAS) check 2>/dev/null && command -v mecab-config >/dev/null && \
    { test -d $(DEBIAN_DICTIONARY) || ! command -v apt-get >/dev/null; } && echo yes)

# Targets that build need the packages: what is missing is installed before the flags below are asked for.
ifneq ($(filter-out clean help deps uninstall dist format,$(or $(MAKECMDGOALS),all)),)
ifneq ($(have_all),yes)
ifneq ($(shell sh .ci/deps >&2 && echo installed),installed)
$(error packages are missing, see above)
endif
ifneq ($(have_all),yes)
$(error pkg-config does not find all of: $(PACKAGES) $(OPENBLAS) check; or mecab-config or $(DEBIAN_DICTIONARY) is missing)
endif
endif
endif

# ---- Flags ---------------------------------------------------------------------------------------------------------

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wvla
INCLUDES := -Iinclude -Ilib $(shell pkg-config --cflags $(PACKAGES) $(OPENBLAS) 2>/dev/null)
# Added to what the caller gives, in the environment or as an argument of make.
override CPPFLAGS += $(INCLUDES) -DSBERTJA_VERSION='"$(VERSION)"' -DSBERTJA_DATADIR='"$(datadir)"'
override CFLAGS += -std=c11 $(OPT) $(WARN) -fPIC -fvisibility=hidden -ffp-contract=off -pthread $(SANITIZE)
LIBS     := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lmecab -lstdc++ -lm -pthread
# Two files are C++: the shim around libmecab, which throws, and that around callbacks, which may.
override CXXFLAGS += -std=c++11 $(OPT) -Wall -Wextra -Wshadow -fPIC -fvisibility=hidden -pthread $(SANITIZE)
override LDFLAGS += $(SANITIZE)

# Paths are cut at the tree's root, so that the same sources give the same bytes wherever they are (check-reproducible).
override CFLAGS += -ffile-prefix-map=$(CURDIR)=.
override CXXFLAGS += -ffile-prefix-map=$(CURDIR)=.
# What a callback throws passes through the exported functions, which then put errno and the like back.
$(BUILD)/obj/lib/api/%.o: override CFLAGS += -fexceptions

# Kernels (lib/backend/cpu/kernel/) are compiled once per instruction set, for the newest ones those that differ from the
# set before (kernel/table.c); everything else once. The newest sets are left out where the compiler does not know them.
ISA_portable   :=
ISA_avx2       := -mavx2 -mfma
ISA_avx512     := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
ISA_avx512vnni := $(ISA_avx512) -mavx512vnni
ISA_avx512bf16 := $(ISA_avx512vnni) -mavx512bf16
ISA_amx        := $(ISA_avx512bf16) -mamx-tile -mamx-int8 -mamx-bf16
# AVX-512 in plain C, see check-emulated.
ifdef EMULATED
ISA_avx512     := $(ISA_avx2) -include tests/support/emulated.h -Wno-psabi -O1
ISA_avx512vnni := $(ISA_avx512)
ISA_avx512bf16 := $(ISA_avx512)
ISA_amx        := $(ISA_avx512)
override CPPFLAGS += -DSBJ_EMULATED -D'__builtin_cpu_supports(feature)=(sizeof(feature) > 0)'
endif
compiles        = $(shell echo 'int main(void) { return __builtin_cpu_supports("$(or $(2),$(1))"); }' | \
    $(CC) $(ISA_$(1)) -x c -fsyntax-only - 2>/dev/null && echo $(1))
ifeq ($(shell uname -m),x86_64)
INSTRUCTION_SETS := portable avx2 avx512 $(call compiles,avx512vnni) $(call compiles,avx512bf16) \
    $(and $(call compiles,avx512bf16),$(call compiles,amx,amx-tile))
else
INSTRUCTION_SETS := portable
endif
override CPPFLAGS += $(patsubst %,-DSBJ_HAVE_%,$(INSTRUCTION_SETS))

# ---- Files -----------------------------------------------------------------------------------------------------------

SOURCES  := $(sort $(shell find lib -name '*.c' -not -path 'lib/backend/cpu/kernel/*'))
KERNELS  := $(sort $(wildcard lib/backend/cpu/kernel/*.c))
OWN_avx512vnni := vec_gemm_int8 table
OWN_avx512bf16 := vec_gemm_bf16 vec_attention_bf16 table
OWN_amx        := vec_gemm_int8 vec_gemm_bf16 vec_attention_bf16 table
kernels_of      = $(or $(OWN_$(1):%=lib/backend/cpu/kernel/%.c),$(KERNELS))
SHIMS    := $(sort $(shell find lib -name '*.cpp'))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/obj/%.o) $(SHIMS:%.cpp=$(BUILD)/obj/%.o) \
            $(foreach isa,$(INSTRUCTION_SETS),$(patsubst %.c,$(BUILD)/obj/%.$(isa).o,$(call kernels_of,$(isa))))
TOOL     := $(sort $(wildcard tools/*.c))
EXAMPLES := $(sort $(wildcard examples/*.c examples/*.cpp))
TESTS    := $(sort $(shell find $(if $(EMULATED),tests/backend tests/model tests/train,tests) -name 'test_*.c' -o -name 'test_*.cpp'))
SUPPORT  := $(sort $(wildcard tests/support/*.c))
MAN      := $(sort $(wildcard docs/man/*.[13]))
MODEL    := models/default

SONAME   := libsbertja.so.0
LIB_A    := $(BUILD)/lib/libsbertja.a
LIB_SO   := $(BUILD)/lib/libsbertja.so
COMMAND  := $(BUILD)/bin/sbertja
PROGRAMS := $(patsubst examples/%,$(BUILD)/examples/%,$(basename $(EXAMPLES)))
TEST_BIN := $(patsubst %,$(BUILD)/%,$(basename $(TESTS)))
FUZZ_KINDS := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_BIN := $(if $(EMULATED),,$(FUZZ_KINDS:%=$(BUILD)/tests/fuzz/test_%))
RUN_BIN  := $(if $(T),$(BUILD)/tests/$(dir $(T))test_$(notdir $(T)),$(TEST_BIN) $(FUZZ_BIN))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib programs check check-emulated check-peers asan ubsan tsan fuzz fuzzers bench bench-peers lint format docs install uninstall dist deps demo python clean help \
        test-installed faults

# ---- Building ----------------------------------------------------------------------------------------------------------

all: $(LIB_SO) $(LIB_A) $(COMMAND) ## the library and the command (the default)

lib: $(LIB_SO) ## the shared library alone

programs: $(LIB_A) $(COMMAND) $(PROGRAMS) $(TEST_BIN) $(FUZZ_BIN) ## the command, the examples and the tests, without running them

deps: ## install what is missing from Debian's packages (as root), or say which
	$(Q)sh .ci/deps

$(BUILD)/obj/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.o: %.cpp
	$(Q)mkdir -p $(@D)
	$(call say,CXX   $<)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

define kernel_rule
$(BUILD)/obj/lib/backend/cpu/kernel/%.$(1).o: lib/backend/cpu/kernel/%.c
	$$(Q)mkdir -p $$(@D)
	$$(call say,CC    $$< ($(1)))
	$$(Q)$$(CC) $$(CPPFLAGS) -DSBJ_ISA=$(1) -DSBJ_ISA_$(1) $$(CFLAGS) -O3 $$(ISA_$(1)) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(INSTRUCTION_SETS),$(eval $(call kernel_rule,$(isa))))

$(LIB_A): $(OBJECTS)
	$(Q)mkdir -p $(@D)
	$(call say,AR    $@)
	$(Q)rm -f $@ && ar rcsD $@ $^

$(LIB_SO): $(OBJECTS) lib/sbertja.map
	$(Q)mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/sbertja.map $(if $(SANITIZE),,-Wl,-z,defs) $(LDFLAGS) \
	    -o $(BUILD)/lib/libsbertja.so.$(VERSION) $(OBJECTS) $(LIBS)
	$(Q)ln -sf libsbertja.so.$(VERSION) $(BUILD)/lib/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

$(COMMAND): $(TOOL:%.c=$(BUILD)/obj/%.o) $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(BUILD)/lib -lsbertja '-Wl,-rpath,$$ORIGIN/../lib' -lm -pthread

# Tests see the hidden functions, so they link the static library.
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SUPPORT:%.c=$(BUILD)/obj/%.o) $(LIB_A)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_A) $(LIBS) -Wl,--as-needed $(shell pkg-config --libs check $(OPENBLAS))

# The injector takes malloc, open and others over: linked into its own tests only, or put before any program by LD_PRELOAD.
$(BUILD)/tests/faults/test_faults: $(BUILD)/obj/tests/faults/injector.o $(BUILD)/obj/tests/faults/calls.o
$(BUILD)/tests/faults/libfaults.so: $(BUILD)/obj/tests/faults/injector.o
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared $(LDFLAGS) -o $@ $^

# Each fuzz target is a test that replays its corpus, and, with clang, a program of libFuzzer's (see fuzz).
$(BUILD)/tests/fuzz/test_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/fuzz.o tests/fuzz/replay.c $(LIB_A)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests -D_GNU_SOURCE -DFUZZ_KIND='"$*"' $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out %.h,$^) $(LIBS)

$(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/fuzz.o $(BUILD)/obj/tests/fuzz/fuzzer.o $(LIB_A)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

fuzzers: $(or $(FUZZ:%=$(BUILD)/fuzzers/%),$(FUZZ_KINDS:%=$(BUILD)/fuzzers/%))

$(BUILD)/obj/tools/%.o: override CPPFLAGS += -D_XOPEN_SOURCE=700
$(BUILD)/obj/tests/%.o: override CPPFLAGS += -Itests -D_GNU_SOURCE
$(BUILD)/obj/tests/%.o: override CFLAGS += -Wno-conversion

EXAMPLE_LIBS = -L$(BUILD)/lib -lsbertja '-Wl,-rpath,$$ORIGIN/../lib' -lm
$(BUILD)/examples/%: examples/%.c $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) -Iinclude $(CFLAGS) $(LDFLAGS) -o $@ $< $(EXAMPLE_LIBS)
$(BUILD)/examples/%: examples/%.cpp $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(call say,CXX   $<)
	$(Q)$(CXX) -Iinclude $(OPT) -std=c++17 -Wall -Wextra $(SANITIZE) $(LDFLAGS) -o $@ $< $(EXAMPLE_LIBS)

BENCH_C := $(sort $(wildcard bench/*.c))
# oneDNN 2 says what the limit is in bf16 and int8, where it is installed.
BENCH_ONEDNN = $(shell printf '\043include <dnnl.h>\ndnnl_matmul_desc_t d;\n' | $(CC) -x c -fsyntax-only - 2>/dev/null && \
    echo -DHAVE_ONEDNN -ldnnl)
$(BUILD)/bench/bench: $(BENCH_C) $(wildcard bench/*.h) $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(call say,CC    bench/*.c)
	$(Q)$(CC) -Iinclude $(CFLAGS) $(LDFLAGS) $(shell pkg-config --cflags $(OPENBLAS)) -DDICTIONARY='"$(DEBIAN_DICTIONARY)"' \
	    $(filter -D%,$(BENCH_ONEDNN)) -o $@ $(BENCH_C) $(filter -l%,$(BENCH_ONEDNN)) -L$(BUILD)/lib -lsbertja \
	    '-Wl,-rpath,$$ORIGIN/../lib' $(shell pkg-config --libs $(OPENBLAS)) -lmecab

bench: all $(BUILD)/bench/bench ## one table of how fast it is on this machine; BENCH="small train": a part
	$(Q)$(BUILD)/bench/bench $(BENCH)

bench-peers: all ## beside other engines, each installed into build/peers; P="onnxruntime openvino" M="base small"
	$(Q)bench/peers/run $(or $(P),all) $(M:%=--model %)

# ---- Testing -------------------------------------------------------------------------------------------------------------

check: $(RUN_BIN) $(if $(filter-out tools/%,$(T)),,$(COMMAND) $(PROGRAMS)) ## all tests; T=text/wordpiece for one program
	$(Q)BUILD=$(BUILD) T=$(T) sh tests/run.sh $(RUN_BIN)

# Checks time out in seconds; sanitizers make them slower.
SLOW = CK_TIMEOUT_MULTIPLIER=10 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0

asan: ## the tests under the address and undefined-behaviour sanitizers
	$(Q)$(SLOW) $(MAKE) --no-print-directory BUILD=build/asan OPT="-O1 -g" \
	    SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" check

ubsan: ## the tests under the undefined-behaviour sanitizer alone
	$(Q)$(SLOW) $(MAKE) --no-print-directory BUILD=build/ubsan SANITIZE="-fsanitize=undefined -fno-sanitize-recover=all" check

# It knows more than gcc's: NULL + 0, for one; its checks of C++ need a C++ linker. It takes minutes over each kernel of
# the newer sets, which asan has.
.PHONY: ubsan-clang check-reproducible
ubsan-clang: ## the same under clang's
	$(Q)$(SLOW) $(MAKE) --no-print-directory BUILD=build/ubsan-clang CC=clang CXX=clang++ OPT="-O1 -g" INSTRUCTION_SETS="portable avx2" \
	    SANITIZE="-fsanitize=undefined -fno-sanitize=function,vptr -fno-sanitize-recover=all" check

# Those in which threads meet; TSAN="util/pool" for others. The sanitizer knows no threads in a forked child: not api/fork. Under address randomization of newer kernels gcc's runtime
# does not start.
TSAN = util/pool model/session text/vocabulary_trainer train/trainer eval/search api/exceptions api/environment
tsan: ## tests of what threads share under the thread sanitizer
	$(Q)$(SLOW) TSAN_OPTIONS="die_after_fork=0 suppressions=tests/tsan.supp print_suppressions=0" \
	    $(shell setarch -R true 2>/dev/null && echo setarch -R) $(MAKE) --no-print-directory BUILD=build/tsan OPT="-O1 -g" \
	    SANITIZE="-fsanitize=thread" INSTRUCTION_SETS="portable avx2" RUN_BIN="$(foreach t,$(TSAN),build/tsan/tests/$(dir $t)test_$(notdir $t))" check

faults: $(BUILD)/tests/faults/test_faults $(BUILD)/tests/faults/libfaults.so ## every place where a call can fail, one by one; takes a while
	$(Q)FAULTS=all CK_TIMEOUT_MULTIPLIER=60 $(BUILD)/tests/faults/test_faults

check-peers: all ## directories opened by sentence-transformers 2.2 to 6.2, which are installed under build/peers (gigabytes)
	python3 tests/compatibility/check_peers.py

check-emulated: ## tests of kernels, models and training on every instruction set, where there is AVX2: newer ones in plain C
	$(Q)CK_TIMEOUT_MULTIPLIER=20 $(MAKE) --no-print-directory BUILD=build/emulated EMULATED=1 check

check-reproducible: ## two builds in different folders give the same bytes
	$(Q)sh .ci/check-reproducible

lint: all ## layers, exported symbols, forbidden calls, sizes, warnings of gcc and clang
	$(Q)+BUILD=$(BUILD) sh .ci/lint

test-installed: all ## install into a temporary place and build a program against it
	$(Q)+BUILD=$(BUILD) sh .ci/test-installed

demo: all ## train the default model on the sample report, search with it; M=random or M=DIR for another one
	$(Q)BUILD=$(BUILD) sh examples/demo.sh $(M)

# The first Python that has NumPy; without one the import says what is missing.
PYTHON = $(or $(firstword $(foreach p,python3 /usr/bin/python3,$(shell $(p) -c 'import numpy; print("$(p)")' 2>/dev/null))),python3)

python: lib ## import the package in place; nothing to compile
	$(Q)PYTHONPATH=bindings/python $(PYTHON) -c 'import sbertja; print("sbertja", sbertja.__version__)'

# ---- Installing --------------------------------------------------------------------------------------------------------

# The recipe, which lies beside the model, stays behind.
MODEL_FILES = $(shell cd $(MODEL) && find . -type f ! -name '*.py' ! -name '*.sh' ! -name '*.pyc')
INSTALLED_MODEL = $(DESTDIR)$(datadir)/sbertja/default

install: all ## into PREFIX (below DESTDIR): header, libraries, pkg-config file, command, man pages, the default model
	$(Q)install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m 644 include/sbertja.h $(DESTDIR)$(PREFIX)/include/
	$(Q)install -m 644 $(LIB_A) $(DESTDIR)$(PREFIX)/lib/
	$(Q)install -m 755 $(BUILD)/lib/libsbertja.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/
	$(Q)ln -sf libsbertja.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	$(Q)ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libsbertja.so
	$(Q)install -m 755 $(COMMAND) $(DESTDIR)$(PREFIX)/bin/
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@PACKAGES@|$(PACKAGES)|' pkgconfig/sbertja.pc.in \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/sbertja.pc
	$(Q)for page in $(MAN); do \
	    install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
ifeq ($(wildcard $(MODEL)/modules.json),)
	@echo "  $(MODEL) holds no model: none is installed"
else
	$(Q)rm -rf $(INSTALLED_MODEL)
	$(Q)set -e; for file in $(MODEL_FILES); do install -D -m 644 $(MODEL)/$$file $(INSTALLED_MODEL)/$$file; done
endif

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/include/sbertja.h $(DESTDIR)$(PREFIX)/lib/libsbertja.* \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig/sbertja.pc $(DESTDIR)$(PREFIX)/bin/sbertja \
	    $(foreach page,$(MAN),$(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(INSTALLED_MODEL)
	rmdir $(DESTDIR)$(datadir)/sbertja 2>/dev/null || true

dist: ## a source archive of the last commit
	$(Q)mkdir -p $(BUILD)
	git archive --prefix=libsbertja-$(VERSION)/ -o $(BUILD)/libsbertja-$(VERSION).tar.gz HEAD

docs: $(COMMAND) ## check the man pages: layout, and that nothing is missing
	$(Q)BUILD=$(BUILD) sh .ci/docs

format: ## lay out the C sources with clang-format
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 18

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
