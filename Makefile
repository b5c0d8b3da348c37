# Posthorn's commands. Each installs the Debian packages that it needs (tools/setup) and works from a fresh clone.
.DEFAULT_GOAL := build
.PHONY: build demo run test simulate bench bench-long lint asan tsan fuzz fuzz-api package clean help

JOBS ?= $(shell nproc)
ARGS ?=
FUZZ_SECONDS ?= 60
BINARY := build/release/posthorn

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build build/release/posthorn
	@tools/setup build
	@tools/configure release
	@cmake --build build/release --target posthorn --parallel $(JOBS)

demo: build ## Watch real events being signed, delivered, retried and recorded
	@$(BINARY) demo $(ARGS)

run: build ## Run a server on 127.0.0.1:8080 with its data in build/run
	@mkdir -p build/run
	@$(BINARY) serve --data build/run --listen 127.0.0.1:8080 --allow-peer 127.0.0.0/8 $(ARGS)

test: ## Everything that must pass: lint, unit and cross-module tests, short sanitizer and fuzz passes
	@tools/setup build test lint fuzz package
	@tools/run_tests --jobs $(JOBS) $(ARGS)

bench: ## Measure, each figure beside its baseline in the same run (about twelve minutes)
	@tools/setup build bench
	@tools/configure release
	@cmake --build build/release --target posthorn bench_sink subscription_index_bench --parallel $(JOBS)
	@python3 bench/run.py $(ARGS)

bench-long: ## The long measurements too: 3,000,000 stored, 200 kills, a clean build (about half an hour)
	@tools/setup build bench test
	@tools/configure release
	@cmake --build build/release --target posthorn bench_sink subscription_index_bench --parallel $(JOBS)
	@python3 bench/run.py --long $(ARGS)

simulate: ## 1,000 random runs of the sending engine with faults; endpoints that come back with 100,000 deliveries waiting
	@tools/setup build test
	@tools/configure release
	@cmake --build build/release --target outbound_simulation --parallel $(JOBS)
	@build/release/src/outbound/outbound_simulation --long $(ARGS)

lint: ## Form, clang-tidy on every file, shell scripts, layers, connects
	@tools/setup build test lint
	@tools/run_tests --only lint --jobs $(JOBS) $(ARGS)

asan: ## Unit tests under the address and undefined-behaviour sanitizers
	@tools/setup build test
	@tools/run_tests --only sanitizer --preset asan --jobs $(JOBS) $(ARGS)

tsan: ## Unit tests under the thread sanitizer
	@tools/setup build test
	@tools/run_tests --only sanitizer --preset tsan --jobs $(JOBS) $(ARGS)

fuzz: ## Fuzz every parser of outside bytes, FUZZ_SECONDS each (60)
	@tools/setup build test fuzz
	@tools/run_tests --only fuzz --fuzz-seconds $(FUZZ_SECONDS) --jobs $(JOBS) $(ARGS)

fuzz-api: ## Hold the server against its OpenAPI documents: at least 5,000 generated calls a surface (about ten minutes)
	@tools/setup build test
	@tools/run_tests --only system --jobs $(JOBS) --pytest=tests/test_openapi_fuzz.py --pytest=--api-calls=5000 --pytest=-s $(ARGS)

package: ## Build the Debian package build/release/posthorn_<version>_<architecture>.deb
	@tools/setup build package
	@tools/configure release
	@cmake --build build/release --target posthorn --parallel $(JOBS)
	@cd build/release && cpack -G DEB

clean: ## Remove build/
	rm -rf build
