# What there is to do here. Each target first installs what is missing on a Debian machine that has Swift.

SHELL := /bin/bash
SWIFT ?= swift
PACKAGES := liblua5.4-dev libcurl4-openssl-dev zlib1g-dev lua5.4 curl pkg-config
TEST_PACKAGES := openssl nghttp2-server lua-busted python3
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
DEBUG := .build/debug
RELEASE := .build/release

PREFIX ?= /usr/local
SHELLS := bash zsh fish
COMPLETION_bash := $(PREFIX)/share/bash-completion/completions/mflua
COMPLETION_zsh := $(PREFIX)/share/zsh/site-functions/_mflua
COMPLETION_fish := $(PREFIX)/share/fish/vendor_completions.d/mflua.fish
# The modules whose public declarations the documentation shows: those that MFLua exports.
MODULES := $(shell sed -n 's/^@_exported public import //p' Sources/MFLua/MFLua.swift)
DOCS := .build/docs-input
C_FILES := $(shell git ls-files 'Sources/*.c' 'Sources/*.h' 'Tests/*.c')

.PHONY: all demo test lint bench bench-instructions bench-curves soak sanitize sanitize-short fuzz release docs install uninstall setup clean

all: release

# The demo: two teams' remotes served over HTTP, a host that loads them, a remote that is down; then an agent, for 5 s.
demo: setup
	$(SWIFT) build --product mflua
	Fixtures/hosts/ops-agent/demo.sh $(DEBUG)/mflua
	Fixtures/hosts/agent/demo.sh $(DEBUG)/mflua

# What the tests need besides: servers to talk to.
test sanitize sanitize-short: PACKAGES += $(TEST_PACKAGES)

# Everything that has to hold. One test after another: some of them measure processor time.
test: setup
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --no-parallel

# The style of each language, as a check: nothing is rewritten.
lint: PACKAGES := lua-check clang-format
lint: setup
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests
	luacheck --quiet --std lua54 --max-line-length 120 lua/mf lua/plugins lua/spec Sources/mflua-conformance/interpreter \
	    Fixtures/hosts Fixtures/remotes
	clang-format --dry-run --Werror $(C_FILES)

# Each figure beside its peer's, measured in the same run; GROUPS="hooks loads" measures these alone.
bench: PACKAGES += nginx-light
bench: setup
	$(SWIFT) build -c release --static-swift-stdlib
	$(RELEASE)/mflua-bench $(addprefix --group ,$(GROUPS))

# The same operations in instructions, which do not depend on what else the machine does.
bench-instructions: PACKAGES += valgrind
bench-instructions: setup
	$(SWIFT) build -c release --static-swift-stdlib
	$(RELEASE)/mflua-bench --instructions

# Cost against size, from 10 to 10,000 hosts, remotes, plugins, shares and tenants: Fixtures/bench/curves.svg
bench-curves: setup
	$(SWIFT) build -c release --static-swift-stdlib
	$(RELEASE)/mflua-bench --curves Fixtures/bench/curves.svg

# The long forms of what must not grow: 10,000 reloads under load, 1,000 remotes and 1,000 hosts that come and go; and
# 1,000 calls of tenants whose workers are struck. The test library remembers the place of each error that is thrown,
# unless told not to; and malloc gives free memory back only where large blocks have places of their own, and the rest is
# in one arena.
soak: setup
	$(SWIFT) build --build-tests
	MFLUA_SOAK=1 SWT_SWIFT_ERROR_BACKTRACING_ENABLED=0 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_ARENA_MAX=1 \
	    $(SWIFT) test --skip-build --no-parallel --filter 'SoakTests|WorkerTests'

# The suite again, watched for memory errors, races and undefined behaviour of the C code.
sanitize: setup
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.txt:print_suppressions=0 $(SWIFT) test --no-parallel --sanitize address --scratch-path .build-address
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/races.txt $(SWIFT) test --no-parallel --sanitize thread --scratch-path .build-thread
	$(SWIFT) test --no-parallel --scratch-path .build-undefined -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined

# The suites in which memory errors of the C code would show, under the address sanitizer alone.
sanitize-short: setup
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.txt:print_suppressions=0 $(SWIFT) test --no-parallel \
	    --sanitize address --scratch-path .build-address --filter '^(LuaBridgeTests|TenantTests)\.'

# Damaged manifests, plugins, frames of workers and JSON, odd keys of views and odd results of hooks, a million each under
# the address sanitizer (FUZZ=100000 for less), and random programs in tenants' states for ten minutes (FUZZ_SECONDS=60).
fuzz: setup
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.txt:print_suppressions=0 MFLUA_FUZZ=$(or $(FUZZ),1000000) \
	    $(SWIFT) test --no-parallel --sanitize address --scratch-path .build-address \
	    --filter 'ManifestTests|PluginLoaderFuzzTests|ViewFuzzTests|WorkerFramesTests|JSONTests'
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.txt:print_suppressions=0 MFLUA_FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) \
	    $(SWIFT) test --no-parallel --sanitize address --scratch-path .build-address --filter FuzzTests

# One static binary: .build/release/mflua
release: setup
	$(SWIFT) build -c release --static-swift-stdlib --product mflua

# The documentation as a website: .build/docs
docs: setup
	$(SWIFT) package dump-symbol-graph --minimum-access-level public --skip-synthesized-members >/dev/null
	rm -rf .build/docs $(DOCS) && mkdir -p $(DOCS)/symbols
	cp -r Sources/MFLua/MFLua.docc $(DOCS)/
	# The generated pages, without the line that says so: an article begins with its title.
	for page in $$(find Sources -name '*.gen.md'); do \
	    sed 1d $$page > $(DOCS)/MFLua.docc/$$(basename $$page .gen.md).md || exit 1; \
	done
	for module in $(MODULES); do \
	    cp $$(find .build -path "*/symbolgraph/$$module*.symbols.json" -newer Package.swift) $(DOCS)/symbols/ || exit 1; \
	done
	docc convert $(DOCS)/MFLua.docc --additional-symbol-graph-dir $(DOCS)/symbols \
	    --fallback-display-name mflua --fallback-bundle-identifier mflua --output-path .build/docs

# The command with its man page, the shells' completions and the editor stubs, below PREFIX; uninstall is the inverse.
install: release
	$(SWIFT) package --allow-writing-to-package-directory generate-manual --configuration debug >/dev/null
	install -D -m 755 $(RELEASE)/mflua $(DESTDIR)$(PREFIX)/bin/mflua
	install -D -m 644 .build/plugins/GenerateManual/outputs/mflua/mflua.1 $(DESTDIR)$(PREFIX)/share/man/man1/mflua.1
	$(foreach shell,$(SHELLS),mkdir -p $(dir $(DESTDIR)$(COMPLETION_$(shell))) && \
	    $(RELEASE)/mflua --generate-completion-script $(shell) > $(DESTDIR)$(COMPLETION_$(shell)) &&) true
	install -D -m 644 lua/types/mf.gen.lua $(DESTDIR)$(PREFIX)/share/mflua/types/mf.lua

uninstall:
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/bin/mflua $(PREFIX)/share/man/man1/mflua.1 \
	    $(foreach shell,$(SHELLS),$(COMPLETION_$(shell))) $(PREFIX)/share/mflua/types/mf.lua)
	-rmdir $(DESTDIR)$(PREFIX)/share/mflua/types $(DESTDIR)$(PREFIX)/share/mflua

# Asks apt only for what dpkg does not know.
setup:
	@missing=""; for package in $(PACKAGES); do \
	    [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    if ! command -v apt-get >/dev/null; then \
	        echo "missing packages:$$missing (names of Debian; there is no apt-get here, install them by other means)" >&2; \
	        exit 1; \
	    fi; \
	    echo "installing$$missing"; \
	    { $(SUDO) apt-get update -qq && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; } || \
	    { echo "apt-get could not install$$missing: check the network and the package sources, then run make again" >&2; \
	      exit 1; }; \
	fi

clean:
	rm -rf .build .build-*
