# SPDX-License-Identifier: MIT
#
# Everything is built from here; there is no configure step.
#
#	make            programs into bin/
#	make demo       install what is missing, build, move a real program
#	make check      the same, then every test; last line: the counts
#	make bench      our figures beside CRIU's (as root)
#	make lint       cppcheck, clang-tidy, shellcheck, mandoc
#	make list       the list of what moves in man/migrate.7, from the victims
#	make fuzz       random bytes into the stream reader, FUZZ_SECONDS
#	make SAN=1 ...  the same with ASan and UBSan, in build-san/
#	make install    PREFIX=/usr/local, DESTDIR= for packagers
#
# A program is cmd-*/NAME.c and becomes bin/NAME.  A unit test is
# tests/unit-NAME.c, a victim (a program to be moved, that checks itself)
# tests/victims/NAME.c.  New files of these kinds need no line here.

VERSION := $(shell git describe --tags --dirty 2>/dev/null || echo 0.1)
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man

CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla
CPPFLAGS += -D_GNU_SOURCE -DVERSION=\"$(VERSION)\" -Ilib
# What is moved is built as a user would build it, whatever we are built with.
VICTIM_CFLAGS := $(CFLAGS) -std=gnu11 $(WARN)
override CFLAGS  += -std=gnu11 $(WARN)
override LDFLAGS += -Wl,--as-needed
PKGS   := libcbor libxxhash liblz4 libzstd
LDLIBS += $(or $(shell pkg-config --libs $(PKGS) 2>/dev/null), \
	    $(PKGS:lib%=-l%)) -pthread

OUT := build
BIN := bin
ifdef SAN
OUT := build-san
BIN := build-san/bin
override CFLAGS  += -fsanitize=address,undefined -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=address,undefined
endif
FUZZ_SECONDS ?= 30

SRC    := $(wildcard cmd-*/*.c)
PROG   := $(patsubst %.c,$(BIN)/%,$(notdir $(SRC)))
CMDOBJ := $(patsubst %.c,$(OUT)/cmd/%.o,$(notdir $(SRC)))
LIBOBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard lib/*/*.c)) \
	  $(patsubst %.S,$(OUT)/%.o,$(wildcard lib/*/*.S))
TEST   := $(wildcard tests/unit-*.c tests/bench-*.c)
UNIT   := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit-*.c))
BENCH  := $(patsubst %.c,$(OUT)/%,$(wildcard tests/bench-*.c))
VICTIM := $(patsubst tests/victims/%.c,build/victims/%, \
	    $(filter-out %/victim.c,$(wildcard tests/victims/*.c)))
MAN    := $(wildcard man/*.[1357])
SCRIPT := .ci/run $(shell grep -lsE '^\#!.*\b(ba)?sh\b' tests/* tests/*/*)

vpath %.c $(sort $(dir $(SRC)))

all: $(PROG)
unit: $(UNIT)
victims: $(VICTIM)
benchmarks: $(BENCH)

$(PROG): $(BIN)/%: $(OUT)/cmd/%.o $(OUT)/lib.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(UNIT) $(BENCH): %: %.o $(OUT)/lib.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Made anew, so that no member outlives its source.
$(OUT)/lib.a: $(LIBOBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/cmd/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# A line "/* build: FLAGS */" in the victim's head adds flags; if the first
# word of it is no flag, it is another compiler.
build/victims/%: tests/victims/%.c tests/victims/victim.c \
			$(wildcard tests/victims/*.h)
	@mkdir -p $(@D)
	@set -- $$(sed -n 's,.*/\* build: *\(.*[^ ]\) *\*/$$,\1,p;30q' $<); \
	case $${1-} in -*|'') set -- $(CC) "$$@";; esac; \
	cc=$$1; shift; \
	set -- "$$cc" $(CPPFLAGS) -Itests/victims $(VICTIM_CFLAGS) -pthread \
		-o $@ $(filter %.c,$^) "$$@" -lrt -lm; \
	echo "$$@"; "$$@"

# Packages first, since what is built and how depends on them.
demo:
	@tests/setup demo
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/demo

check:
	@tests/setup check
	@$(MAKE) --no-print-directory -j$$(nproc) all unit victims
	@OUT=$(OUT) BIN=$(BIN) SAN=$(SAN) tests/check

# After a victim was added.
list:
	tests/list --update

bench:
	@tests/setup bench
	@$(MAKE) --no-print-directory -j$$(nproc) all benchmarks
	@tests/bench

fuzz:
	@tests/setup check
	tests/fuzz/run $(FUZZ_SECONDS)

lint: lint-cppcheck lint-tidy lint-shell lint-man

# Of the suppressed, the first is about linker symbols, the others see an
# address being taken as a value being used.
lint-cppcheck:
	cppcheck -q --language=c --enable=warning,portability \
		--inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=comparePointers \
		--suppress=ctuuninitvar --suppress=legacyUninitvar \
		--suppress=va_list_usedBeforeStarted \
		-D_GNU_SOURCE -D__x86_64__ -DVERSION='""' -Ilib \
		$(wildcard lib cmd-*)

lint-tidy:
	printf '%s\n' $(SRC) $(wildcard lib/*/*.c) | \
		xargs -n 4 -P $$(nproc) sh -c \
		'clang-tidy --quiet "$$@" -- $(CPPFLAGS) -std=gnu11 2>/dev/null' _

lint-shell:
	shellcheck -x -S warning $(SCRIPT)

lint-man:
	mandoc -T lint -W warning $(MAN)

install: all
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(PROG) $(DESTDIR)$(BINDIR)
	for m in $(MAN); do \
		install -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} \
			|| exit 1; \
	done

clean:
	rm -rf bin build build-san build-fuzz

.PHONY: list all unit victims benchmarks demo check bench fuzz install clean
.PHONY: lint lint-cppcheck lint-tidy lint-shell lint-man
.SECONDARY:
.DELETE_ON_ERROR:
-include $(CMDOBJ:.o=.d) $(LIBOBJ:.o=.d) $(TEST:%.c=$(OUT)/%.d)
