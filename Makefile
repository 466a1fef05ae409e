# Longshore. `make` alone prints this menu; every target is one step for one purpose.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# The page must be there before the program is built; cargo uses all cores by itself.
.NOTPARALLEL:
CARGO ?= cargo
NODE_MIN := 20
FUZZ_SECONDS ?= 60
TARGET = $${CARGO_TARGET_DIR:-target}
# Longshore's version is what `longshore deploy render` asks for, dev what docker-compose.yaml does.
IMAGE_TAGS ?= longshore:dev longshore:$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
# Configuration files that work as they are, for whoever mounts none.
IMAGE_FILES = $(foreach name,loki-config otel-collector-config otel-collector-docker,\
  --add deploy/configs/$(name).yaml=/etc/longshore/$(name).yaml)
# "yes" where Node is there and new enough for the page.
HAVE_NODE = $(shell node --version 2>/dev/null | sed 's/^v//; s/\..*//' | awk '$$1 >= $(NODE_MIN) { print "yes" }')

.PHONY: help
help: ## Print this menu
	@echo "Longshore: container logs from files to a page"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
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

.PHONY: bench-store
bench-store: ## Measure questions to a store in one process, over segments on disk
	$(CARGO) build --release --locked -p longshore-bench --bin longshore-bench-store
	"$${CARGO_TARGET_DIR:-target}/release/longshore-bench-store"

.PHONY: soak
soak: ## Ten minutes of rotation and kill -9 of both halves, every line counted
	$(CARGO) build --release --locked -p longshore -p longshore-tests --bin longshore --bin longshore-soak
	"$${CARGO_TARGET_DIR:-target}/release/longshore-soak"

.PHONY: interop
interop: ## Real Loki, logcli, loki-canary, Promtail and OpenTelemetry Collector against ours, where they are installed
	$(CARGO) build --release --locked -p longshore -p longshore-tests --bin longshore --bin longshore-interop
	"$${CARGO_TARGET_DIR:-target}/release/longshore-interop"

.PHONY: e2e
e2e: image-programs ## The stack on a real Kubernetes node (LONGSHORE_LAB_SCRIPTS): load, kills, rollback; every line counted
	$(CARGO) build --release --locked -p longshore-tests --bin longshore-e2e
	$(CARGO) rustc --release --locked -p longshore-tests --bin longshore-writer -- -C target-feature=+crt-static
	LONGSHORE_STATIC="$$(realpath "$(TARGET)")/release/longshore" "$(TARGET)/release/longshore-e2e"

.PHONY: image
image: page image-programs ## Make the container image without Docker: target/longshore-image.tar (IMAGE_TAGS=longshore:dev)
	@"$(TARGET)/release/longshore-image" --program "$(TARGET)/release/longshore" $(foreach tag,$(IMAGE_TAGS),--tag $(tag)) \
	  --output target/longshore-image.tar $(IMAGE_FILES) -- up --listen 0.0.0.0:3100

.PHONY: image-programs
# Only the program that goes into the image is linked statically, so the rest is shared with `make dev`; at a fixed
# address, which saves a megabyte of relocations.
image-programs: # The programs that `make image` needs.
	@echo "== building longshore as one static program (release)"
	$(CARGO) build --release --locked -p longshore -p longshore-tests --bin longshore-image
	$(CARGO) rustc --release --locked -p longshore --bin longshore -- -C target-feature=+crt-static -C relocation-model=static

.PHONY: dev-compose
dev-compose: .env ## Run Grafana, VictoriaMetrics, collector and store by Docker Compose, as ENABLE_LOGGING in .env says
	@set -a; flag="$$ENABLE_LOGGING"; . ./.env; ENABLE_LOGGING="$${flag:-$$ENABLE_LOGGING}"; COMPOSE_PROFILES=true; set +a; \
	compose="docker compose"; $$compose version >/dev/null 2>&1 || compose=docker-compose; \
	command -v $${compose%% *} >/dev/null || { echo "Docker with Compose is needed: https://docs.docker.com/compose/install/"; exit 1; }; \
	case "$$ENABLE_LOGGING" in \
	true) $$compose up --detach --build --remove-orphans && echo "Grafana: http://localhost:$${GRAFANA_PORT:-3000}" ;; \
	false) ENABLE_LOGGING=true $$compose down --remove-orphans && echo "logging is off (ENABLE_LOGGING=false); the volumes stay" ;; \
	*) echo "ENABLE_LOGGING is '$$ENABLE_LOGGING'; write true or false into .env"; exit 1 ;; esac

.env:
	cp .env.example .env

.PHONY: conformance
conformance: ## Recorded behaviours of Loki against our language and server; LONGSHORE_CASES names the folder of the cases
	$(CARGO) build --locked -p longshore -p longshore-tests --bin longshore --bin longshore-conformance
	"$${CARGO_TARGET_DIR:-target}/debug/longshore-conformance" $(ARGS)

# Without a sanitizer the stable toolchain will do: the code is safe Rust, what counts are panics, loops and memory.
.PHONY: fuzz
fuzz: ## Random input against parsers, decoders and stages, FUZZ_SECONDS=60 for each (FUZZ_TARGETS="query regex" for some)
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	@cd fuzz; for target in $${FUZZ_TARGETS:-$$($(CARGO) fuzz list)}; do \
	  echo "== $$target"; mkdir -p corpus/$$target; \
	  $(CARGO) fuzz run --sanitizer none $$target corpus/$$target seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -dict=seeds/logs.dict || exit 1; done

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
