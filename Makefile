# libsbertja. `make help` lists the targets; local choices go into config.mk, which is read if it is there.
-include config.mk

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= gcc
CXX      ?= g++
OPT      ?= -O2 -g
V        ?= 0
ifeq ($(V),0)
Q := @
endif

PACKAGES := openblas libutf8proc libcjson libzip expat
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Wno-sign-conversion
CPPFLAGS += -Iinclude -Ilib -DSBERTJA_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS   += -std=c11 $(OPT) $(WARN) -fPIC -fvisibility=hidden -ffp-contract=off -pthread $(SANITIZE)
LIBS     := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lmecab -lm -pthread
LDFLAGS  += $(SANITIZE)

HAVE_DEPS := $(shell pkg-config --exists $(PACKAGES) check 2>/dev/null && test -e /usr/include/mecab.h && echo yes)

# Kernels (lib/backend/cpu/kernel/) are compiled once per instruction set; everything else once.
ARCH := $(shell uname -m)
ifeq ($(ARCH),x86_64)
INSTRUCTION_SETS := portable avx2 avx512
else
INSTRUCTION_SETS := portable
endif
ISA_portable :=
ISA_avx2     := -mavx2 -mfma
ISA_avx512   := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512

SOURCES  := $(sort $(shell find lib -name '*.c' -not -path 'lib/backend/cpu/kernel/*'))
KERNELS  := $(sort $(wildcard lib/backend/cpu/kernel/*.c))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/obj/%.o) \
            $(foreach isa,$(INSTRUCTION_SETS),$(KERNELS:%.c=$(BUILD)/obj/%.$(isa).o))
TOOL     := $(sort $(wildcard tools/*.c))
EXAMPLES := $(sort $(wildcard examples/*.c examples/*.cpp))
TESTS    := $(sort $(shell find tests -name 'test_*.c'))
SUPPORT  := $(sort $(wildcard tests/support/*.c))
BENCH    := $(sort $(wildcard bench/*.c))

LIB_A    := $(BUILD)/lib/libsbertja.a
LIB_SO   := $(BUILD)/lib/libsbertja.so
SONAME   := libsbertja.so.0
COMMAND  := $(BUILD)/bin/sbertja
PROGRAMS := $(patsubst examples/%,$(BUILD)/examples/%,$(basename $(EXAMPLES)))
TEST_BIN := $(TESTS:%.c=$(BUILD)/%)
ifneq ($(T),)
RUN_BIN  := $(BUILD)/tests/$(dir $(T))test_$(notdir $(T))
else
RUN_BIN  := $(TEST_BIN)
endif

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib check check-programs asan ubsan tsan bench fuzz lint format docs install uninstall dist deps demo python \
        clean help test-installed

all: need-deps $(LIB_SO) $(if $(TOOL),$(COMMAND)) ## the library and the command (the default)

lib: need-deps $(LIB_SO)

.PHONY: need-deps
need-deps:
ifneq ($(HAVE_DEPS),yes)
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory HAVE_DEPS_AGAIN=1 $(or $(MAKECMDGOALS),all) && false || false
endif

deps: ## install what is missing from Debian's packages (as root), or say which
	$(Q)sh .ci/deps

$(BUILD)/obj/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

define kernel_rule
$(BUILD)/obj/lib/backend/cpu/kernel/%.$(1).o: lib/backend/cpu/kernel/%.c
	$$(Q)mkdir -p $$(@D)
	$$(if $$(Q),@echo "  CC    $$< ($(1))")
	$$(Q)$$(CC) $$(CPPFLAGS) -DSBJ_ISA=$(1) -DSBJ_ISA_$(1) $$(CFLAGS) $$(ISA_$(1)) -O3 -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(INSTRUCTION_SETS),$(eval $(call kernel_rule,$(isa))))

$(LIB_A): $(OBJECTS)
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  AR    $@")
	$(Q)rm -f $@ && ar rcs $@ $^

$(LIB_SO): $(OBJECTS) lib/sbertja.map
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/sbertja.map -Wl,-z,defs $(LDFLAGS) \
	    -o $(BUILD)/lib/libsbertja.so.$(VERSION) $(OBJECTS) $(LIBS)
	$(Q)ln -sf libsbertja.so.$(VERSION) $(BUILD)/lib/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

$(COMMAND): $(TOOL:%.c=$(BUILD)/obj/%.o) $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(if $(Q),@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(BUILD)/lib -lsbertja '-Wl,-rpath,$$ORIGIN/../lib' -lm -pthread \
	    $(TOOL_LIBS)

# Tests see the hidden functions, so they link the static library.
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SUPPORT:%.c=$(BUILD)/obj/%.o) $(LIB_A)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(shell pkg-config --libs check)

$(BUILD)/obj/tools/%.o: CPPFLAGS += -D_XOPEN_SOURCE=700
$(BUILD)/obj/tests/%.o: CPPFLAGS += -Itests -D_GNU_SOURCE
$(BUILD)/obj/tests/%.o: CFLAGS += -Wno-conversion

$(BUILD)/examples/%: examples/%.c $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -L$(BUILD)/lib -lsbertja '-Wl,-rpath,$$ORIGIN/../lib' -lm
$(BUILD)/examples/%: examples/%.cpp $(LIB_SO)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(OPT) -std=c++17 -Wall -Wextra $(SANITIZE) $(LDFLAGS) -o $@ $< -L$(BUILD)/lib -lsbertja \
	    '-Wl,-rpath,$$ORIGIN/../lib'

check: need-deps $(RUN_BIN) $(if $(T),,$(COMMAND) $(PROGRAMS)) ## all tests; T=text/wordpiece for one program
	$(Q)BUILD=$(BUILD) T=$(T) sh tests/run.sh $(RUN_BIN)

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 18

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
