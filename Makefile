# Longshore. `make` alone prints this menu; every target is one step for one purpose.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# The page must be there before the program is built; cargo uses all cores by itself.
.NOTPARALLEL:
CARGO ?= cargo
NODE_MIN := 20
# "yes" where Node is there and new enough for the page.
HAVE_NODE = $(shell node --version 2>/dev/null | sed 's/^v//; s/\..*//' | awk '$$1 >= $(NODE_MIN) { print "yes" }')

.PHONY: help
help: ## Print this menu
	@echo "Longshore: container logs from files to a page"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  ARGS go to the program:  make dev ARGS='--demo --listen 127.0.0.1:3101'"

.PHONY: dev
dev: page ## Build everything and run collector, store and page in one process
	@echo "== building longshore (release; the first time takes minutes)"
	$(CARGO) build --release --locked -p longshore
	@exec "$${CARGO_TARGET_DIR:-target}/release/longshore" up $(ARGS)

.PHONY: page
page: # Builds the page where Node is there, and goes on without it where it is not.
ifeq ($(HAVE_NODE),yes)
	@$(MAKE) --no-print-directory web
else
	@echo "== no Node $(NODE_MIN) or newer here: going on without the page (API and command line work)"
endif

.PHONY: web
web: web/node_modules ## Build the page (needs Node 20)
	@echo "== building the page"
	cd web && npm run build

web/node_modules: web/package.json web/package-lock.json
	@echo "== fetching the page's tools"
	cd web && npm ci --no-audit --no-fund
	@touch web/node_modules

.PHONY: test
test: test-web test-rust test-page ## Run every test, from a fresh clone too: it installs what it needs

.PHONY: test-rust
test-rust:
	@echo "== tests of the crates and end to end"
	$(CARGO) test --workspace --locked

.PHONY: test-page
test-page: node web/node_modules
	@echo "== the page against the program itself"
	$(CARGO) build --locked --bin longshore
	cd web && LONGSHORE_BIN="$$(cd .. && realpath "$${CARGO_TARGET_DIR:-target}")/debug/longshore" npm run e2e:program

.PHONY: test-web
test-web: node web/node_modules
	@echo "== the page: types and lints, units, headless browser"
	cd web && npm run check && npm run test && npm run build && npm run e2e

.PHONY: node
node: # Installs Node where the system's package manager may and offers one that is new enough.
ifneq ($(HAVE_NODE),yes)
	@echo "== no Node $(NODE_MIN) or newer here: trying to install it"
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; fi
	@node --version 2>/dev/null | sed 's/^v//; s/\..*//' | awk '{ found = ($$1 >= $(NODE_MIN)) } END { exit !found }' \
	  || { echo "The page's tests need Node $(NODE_MIN) or newer: https://nodejs.org/en/download"; exit 1; }
endif

.PHONY: pulumi
pulumi: ## Build what `pulumi up` in deploy/ starts: the language host and the program
	$(CARGO) build --release --locked -p longshore-pulumi
	cd deploy && $(CARGO) build --release --locked --bins

.PHONY: bench
bench: ## Measure collector and store; prints a table and writes it to bench/results.md
	$(CARGO) build --release --locked -p longshore -p longshore-bench --bin longshore --bin longshore-bench
	"$${CARGO_TARGET_DIR:-target}/release/longshore-bench"

.PHONY: bench-logql
bench-logql: ## Measure the query language alone, over lines in memory
	$(CARGO) build --release --locked -p longshore-bench --bin longshore-bench-logql
	"$${CARGO_TARGET_DIR:-target}/release/longshore-bench-logql"

.PHONY: soak
soak: ## Ten minutes of rotation and kill -9 of both halves, every line counted
	$(CARGO) build --release --locked -p longshore -p longshore-tests --bin longshore --bin longshore-soak
	"$${CARGO_TARGET_DIR:-target}/release/longshore-soak"

.PHONY: interop
interop: ## Real Loki, logcli, loki-canary, Promtail and OpenTelemetry Collector against ours, where they are installed
	$(CARGO) build --release --locked -p longshore -p longshore-tests --bin longshore --bin longshore-interop
	"$${CARGO_TARGET_DIR:-target}/release/longshore-interop"

# Static programs, for images that hold nothing else; the target must be named, or the flag would reach build scripts.
STATIC_TARGET := x86_64-unknown-linux-gnu

.PHONY: e2e
e2e: ## The stack on a real Kubernetes node (LONGSHORE_LAB_SCRIPTS): load, kills, rollback; every line counted
	RUSTFLAGS="-C target-feature=+crt-static" $(CARGO) build --release --locked --target $(STATIC_TARGET) \
	  -p longshore -p longshore-tests --bin longshore --bin longshore-writer --bin longshore-e2e
	LONGSHORE_STATIC="$$(realpath "$${CARGO_TARGET_DIR:-target}")/$(STATIC_TARGET)/release/longshore" \
	  "$${CARGO_TARGET_DIR:-target}/$(STATIC_TARGET)/release/longshore-e2e"

.PHONY: conformance
conformance: ## Recorded behaviours of Loki against our language; LONGSHORE_CASES names the folder of the cases
	$(CARGO) build --locked -p longshore-tests --bin longshore-conformance
	"$${CARGO_TARGET_DIR:-target}/debug/longshore-conformance"

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: lint
lint: ## Check format and lints, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

.PHONY: clean
clean: ## Remove what was built; ./data stays
	$(CARGO) clean
	rm -rf web/dist web/node_modules web/test-results
