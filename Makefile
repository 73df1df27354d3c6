# All tasks of this repository. `make` alone prints the targets.
#
#   CARGO_TARGET_DIR  the folder for builds; default: target/
#   DUCKDB_LIB_DIR    a folder with DuckDB's shared library; default: fetched into .deps/duckdb
#   PROFILE           the build profile for crash and build; default: release. dev uses the programs that the tests compile,
#                     also for demo
#   SEGUE_WEB=require  the build fails if the web pages are not built; default: without npm, a page says so
#   BUNDLED=1         compile DuckDB from source instead, about 16 minutes on 2 cores
#   FRESH=1           `make demo` starts with an empty data directory
#   KILLS             how often `make crash` kills the server; default: 200
#   SECONDS_EACH      how long `make fuzz` runs each target; default: 600
#   SEEDS             how many rounds of faults `make test-gcp` runs; default: 2
#   UPDATE=1          `make terraform` writes the table of roles in docs/roles.md
#   PREFIX            where `make install` installs; default: /usr/local
#   DIST              where `make dist` writes; default: dist/
#   PAST              how many past executions `make bench` adds to a store; default: 1000000

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo demo-programs web web-dev test-web web-bench test test-clients test-google-clients test-gcp terraform images deploy sizes task-types emulators crash fuzz deny bench build install dist lint fmt clean duckdb tools

TARGET := $(or $(CARGO_TARGET_DIR),target)
PROFILE := $(or $(PROFILE),release)
BUILT := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
DEMO := $(if $(filter dev,$(PROFILE)),$(BUILT),$(TARGET)/quick)
ifdef BUNDLED
FEATURES := --features segue-cli/bundled
else
DUCKDB := duckdb
export DUCKDB_LIB_DIR ?= $(CURDIR)/.deps/duckdb
endif

help: ## print the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf '  make %-9s %s\n' "$$name" "$$text"; done

demo: $(if $(filter dev,$(PROFILE)),build,demo-programs) ## load the sample taxi trips and counties on this machine, and count them
	@SEGUE=$(DEMO)/segue SERVER=$(DEMO)/sample-server tests/tools/demo.sh

# Only what the demo runs: no Google Cloud, no benchmarks, no optimization.
demo-programs: tools web $(DUCKDB)
	@echo "== building; the first build takes some minutes"
	cargo build --profile quick --no-default-features $(FEATURES) --package segue-cli --package segue-tests \
	  --bin segue --bin sample-server

web: ## build the web pages with npm
	@tests/tools/web.sh build

web-dev: ## serve the web pages from their sources, with the API of a running server (SEGUE_URL)
	@tests/tools/web.sh dev

test-web: build ## test the web pages: types, format, lint, units, and every page in Chromium
	@SEGUE=$(BUILT)/segue tests/tools/web.sh test

web-bench: build ## measure the pages with 100,000 executions, 5,000 flows, 10,000 task runs and 1,000,000 lines
	@SEGUE=$(BUILT)/segue tests/tools/web.sh volumes

test: tools $(DUCKDB) ## run every test
	cargo test --workspace $(FEATURES)

test-clients: build ## drive a server with Kestra's official Python clients
	@SEGUE=$(abspath $(BUILT))/segue tests/clients/run.sh

test-google-clients: build ## test Google's own clients (Python, dbt, dlt) on a server of this machine
	@SEGUE=$(BUILT)/segue tests/tools/google-clients.sh

task-types: $(DUCKDB) ## write functions/*/task-types.json and docs/task-types after a change of a task's properties
	UPDATE_CATALOG=1 cargo test --package segue-standalone --test task_types $(FEATURES) -- the_files
	UPDATE_CATALOG=1 cargo test --package segue-fn-connect --test connectors -- the_schema
	UPDATE_CATALOG=1 cargo test --package segue-catalog --test pages -- the_pages

crash: build ## kill a server KILLS times while it works, and compare with an undisturbed run
	$(BUILT)/crash-server --segue $(BUILT)/segue --kills $(or $(KILLS),200)

fuzz: $(DUCKDB) ## run each fuzz target for SECONDS_EACH on its corpus, with cargo-fuzz
	@tests/tools/fuzz.sh $(or $(SECONDS_EACH),600)

deny: ## check licences, sources and known vulnerabilities of the dependencies, with cargo-deny
	@tests/tools/deny.sh

emulators: ## start the emulators of Firestore, Pub/Sub, Cloud Storage and BigQuery, and print their environment
	@tests/tools/emulators.sh start

test-gcp: tools $(DUCKDB) ## test Segue for Google Cloud on emulators: adapters, then every function, undisturbed and with SEEDS rounds of faults
	cargo build --workspace --bins --tests $(FEATURES)
	@tests/tools/on-emulators.sh bash -euo pipefail -c '\
	  adapters=$$(mktemp); echo "the tests of the adapters run at the same time; their output follows later"; \
	  cargo test --workspace --test "*store" --test event_bus --test state_costs --test warehouse --test standins \
	    $(FEATURES) >"$$adapters" 2>&1 & \
	  $(TARGET)/debug/cloud-costs; \
	  wait $$! || { cat "$$adapters"; exit 1; }; cat "$$adapters"; rm "$$adapters"; \
	  $(TARGET)/debug/cloud-system --seeds $(or $(SEEDS),2)'

terraform: ## check the Terraform configuration: format, tests, plan, apply and destroy on a stand-in, and rules over its plans
	@tests/tools/terraform.sh

images: web ## build the image of each function with Docker or buildah; PUSH=1 pushes them to REPOSITORY
	@tests/tools/images.sh

deploy: ## apply the Terraform configuration with the pushed images, and go back to those of before if it fails
	@tests/tools/deploy.sh

sizes: tools $(DUCKDB) ## measure size, start time and memory of each function in its deployed form
	cargo build --release --no-default-features --features gcp $(addprefix --package segue-fn-,$(notdir $(wildcard functions/*)))
	@BIN=$(TARGET)/release tests/tools/on-emulators.sh tests/bench/functions.sh

bench: PROFILE := release
bench: build ## run the benchmarks, load a server, and compare a full month of trips with a hand-written script
	cargo bench --workspace --bench '*' $(FEATURES)
	$(TARGET)/release/load-server --segue $(TARGET)/release/segue
	$(TARGET)/release/load-server --segue $(TARGET)/release/segue --past $(or $(PAST),1000000)
	@BIN=$(TARGET)/release tests/bench/month.sh
	@SEGUE=$(TARGET)/release/segue tests/tools/google-clients.sh --bench

build: tools web $(DUCKDB) ## build the command `segue`, and the programs for the demo and the benchmarks
	@echo "== building; the first build takes some minutes"
	cargo build --profile $(PROFILE) $(FEATURES) --bins $(if $(filter dev,$(PROFILE)),--workspace --tests,--package segue-cli --package segue-tests)

install: build ## install the command, DuckDB's library and completion scripts below PREFIX, default /usr/local
	@SEGUE=$(BUILT)/segue BUNDLED=$(BUNDLED) tests/tools/dist.sh install $(or $(PREFIX),/usr/local)

dist: build ## make an archive and a Debian package in dist/ that run on machines without the sources, and try them
	@SEGUE=$(BUILT)/segue BUNDLED=$(BUNDLED) tests/tools/dist.sh archive $(or $(DIST),dist)

lint: tools $(DUCKDB) ## check format, clippy and docs
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(FEATURES) -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps $(FEATURES)

fmt: ## format the code
	cargo fmt --all

duckdb: ## fetch DuckDB's shared library into .deps/duckdb
	@tests/tools/fetch-duckdb.sh

clean: ## delete all builds, the demo's data and the benchmarks' files; keep .deps
	cargo clean
	rm -rf .demo .bench

tools:
	@tests/tools/check-tools.sh
