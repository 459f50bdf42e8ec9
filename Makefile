# What there is to do here. Each target first installs what is missing on a Debian machine that has Swift.

SHELL := /bin/bash
SWIFT ?= swift
PACKAGES := liblua5.4-dev libcurl4-openssl-dev lua5.4 curl pkg-config
TEST_PACKAGES := openssl nghttp2-server
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
DEBUG := .build/debug
RELEASE := .build/release

.PHONY: all demo test bench soak sanitize fuzz release setup clean

all: release

# The demo: two teams' remotes served over HTTP, a host that loads them, a remote that is down.
demo: setup
	$(SWIFT) build --product mflua
	Fixtures/hosts/ops-agent/demo.sh $(DEBUG)/mflua

# What the tests need besides: servers to talk to.
test sanitize: PACKAGES += $(TEST_PACKAGES)

# Everything that has to hold. One test after another: some of them measure processor time.
test: setup
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --no-parallel

# Each figure beside its peer's, measured in the same run.
bench: setup
	$(SWIFT) build -c release --static-swift-stdlib
	$(RELEASE)/mflua-bench

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

# Damaged manifests and plugins, 100,000 each, and random programs in tenants' states for ten minutes; FUZZ_SECONDS=60
# for less.
fuzz: setup
	MFLUA_FUZZ=$(or $(FUZZ),100000) $(SWIFT) test --filter 'ManifestTests|PluginLoaderFuzzTests'
	MFLUA_FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) $(SWIFT) test --sanitize address --scratch-path .build-address --filter FuzzTests

# One static binary: .build/release/mflua
release: setup
	$(SWIFT) build -c release --static-swift-stdlib --product mflua

# Asks apt only for what dpkg does not know.
setup:
	@missing=""; for package in $(PACKAGES); do \
	    [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "installing$$missing"; \
	    $(SUDO) apt-get update -qq && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

clean:
	rm -rf .build .build-*
