# What people and CI call, word for word.
#
#   make run      install what is missing, build, and open the window (or serve it, where there is no display)
#   make test     every test: Rust, UI, end to end
#   make check    formatting, lints, documentation, types, generated files
#   make gen      write what is generated from the API: ui/src/api/
#   make e2e      the end-to-end tests alone          make bench   the benchmarks
#   make sdk      the providers' own Python packages against the gateway
#   make crash    kill the server 200 times under load and audit the books after each; then the next
#   make crash-rotation   every step of a rotation x every provider x every fault, broken off and killed
#   make fuzz     the parsers of what others made, coverage-guided, a minute each
#   make dev      the page from Vite with hot reload  make ui      the web UI alone

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help run run-window run-headless test test-rust test-ui e2e sdk crash crash-rotation check check-rust check-ui check-gen gen bench fuzz dev ui bins

# One set of artefacts for everything: cargo unifies features over the packages a command selects, so every command selects
# the whole workspace and narrows by target. `cargo build -p reeve-server` would compile half the dependencies again.
CARGO_BUILD := cargo build --locked --workspace
BIN := target/debug
PHASE := .ci/phase

SDK_VENV := target/venv
SDK_INSTALLED := $(SDK_VENV)/.installed

UI_DEPS := ui/node_modules/.package-lock.json
UI_BUILT := ui/dist/assets
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -n 12

# ---- run ---------------------------------------------------------------------------------------------------------------

run: $(if $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname -s))),run-window,run-headless)

run-window:
	@.ci/setup build
	@$(MAKE) --no-print-directory ui
	$(CARGO_BUILD) --bin reeve
	$(BIN)/reeve

run-headless:
	@.ci/setup headless
	@$(MAKE) --no-print-directory ui
	$(CARGO_BUILD) --bin reeve-server
	@.ci/serve

dev: $(UI_DEPS)
	@.ci/dev

# ---- the web UI --------------------------------------------------------------------------------------------------------

ui: $(UI_BUILT)

$(UI_DEPS): ui/package-lock.json ui/package.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

# A folder, not index.html: the Rust build leaves a one-line page there on a fresh checkout.
$(UI_BUILT): $(UI_DEPS) $(UI_SOURCES)
	cd ui && npm run build
	@touch $@

# ---- test --------------------------------------------------------------------------------------------------------------

test:
	@.ci/setup test
	@$(PHASE) "ui build" $(MAKE) --no-print-directory ui
	@$(MAKE) --no-print-directory test-rust test-ui e2e sdk
	@$(PHASE) --summary

bins: $(UI_BUILT)
	$(CARGO_BUILD) --bins

# Bins before tests: some tests start the real programs. A session of its own: a display, a bus, and a keyring nobody owns.
test-rust: $(UI_BUILT)
	@$(PHASE) "rust build" cargo build --locked --workspace --all-targets
	@if command -v cargo-nextest >/dev/null; then \
	    $(PHASE) "rust tests" .ci/session cargo nextest run --locked --workspace --no-fail-fast; \
	else \
	    $(PHASE) "rust tests" .ci/session cargo test --locked --workspace --all-targets --no-fail-fast; \
	fi
	@$(PHASE) "rust doc tests" cargo test --locked --workspace --doc --quiet

test-ui: $(UI_DEPS)
	@$(PHASE) "ui tests" npm --prefix ui test

e2e: $(UI_BUILT)
	@if [ -f tests/e2e/package.json ]; then \
	    $(PHASE) "e2e build" $(CARGO_BUILD) --bins; \
	    $(PHASE) "e2e install" npm --prefix tests/e2e ci --no-audit --no-fund; \
	    $(PHASE) "e2e tests" .ci/session npm --prefix tests/e2e test; \
	fi

# The hashes in requirements.txt are of every system's packages; what is installed is kept until they change.
$(SDK_INSTALLED): tests/sdk/requirements.txt
	python3 -m venv --clear $(SDK_VENV)
	$(SDK_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

sdk: $(UI_BUILT)
	@$(PHASE) "sdk build" $(CARGO_BUILD) --bins
	@$(PHASE) "sdk install" $(MAKE) --no-print-directory $(SDK_INSTALLED)
	@$(PHASE) "sdk tests" .ci/session $(SDK_VENV)/bin/python -B -m pytest -c tests/sdk/pytest.ini

# Optimised, hence a build of its own.
bench: $(UI_BUILT)
	cargo build --locked --release -p reeve-server -p reeve-tests --bins
	target/release/bench

# Coverage-guided, on the stable compiler. How long for each target, in seconds: REEVE_FUZZ_SECONDS.
FUZZ_FLAGS = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing
FUZZ = target/fuzz
fuzz:
	cargo run --locked --release --manifest-path tests/fuzz/Cargo.toml --target-dir $(FUZZ)/seeds --bin seeds -- $(FUZZ)/corpus
	host=$$(rustc -vV | sed -n 's/host: //p') && RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --locked --release --target $$host \
	    --manifest-path tests/fuzz/Cargo.toml --target-dir $(FUZZ) --bin entry --bin note --bin proof --bin bundle && \
	for target in entry note proof bundle; do \
	    $(FUZZ)/$$host/release/$$target $(FUZZ)/corpus/$$target -max_total_time=$${REEVE_FUZZ_SECONDS:-60} -max_len=4096 -artifact_prefix=$(FUZZ)/ -print_final_stats=1 || exit 1; \
	done

# How often: REEVE_CRASH_ROUNDS. Ten rounds of it are part of `make test`.
crash: bins
	REEVE_CRASH_ROUNDS=$${REEVE_CRASH_ROUNDS:-200} cargo test --locked --workspace --test crash -- --nocapture
	@$(MAKE) --no-print-directory crash-rotation

# Every provider's admin API x every point of a rotation x every fault, twice each; and 100 rotations under load.
crash-rotation: bins
	REEVE_CRASH_FULL=1 REEVE_ROTATIONS=$${REEVE_ROTATIONS:-100} cargo test --locked --workspace --test rotation -- --nocapture

# ---- check -------------------------------------------------------------------------------------------------------------

check:
	@.ci/setup build
	@$(MAKE) --no-print-directory check-ui check-rust check-gen
	@$(PHASE) --summary

check-rust: $(UI_BUILT)
	@$(PHASE) "fmt" cargo fmt --all --check
	@$(PHASE) "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
	@$(PHASE) "doc" env RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --workspace --no-deps --document-private-items --quiet
	@$(PHASE) "tidy" cargo test --locked --workspace --test tidy --quiet

check-ui: $(UI_DEPS)
	@$(PHASE) "ui types" npm --prefix ui run typecheck
	@$(PHASE) "ui lint" npm --prefix ui run lint
	@$(PHASE) "ui build" $(MAKE) --no-print-directory ui

# ---- generated files ---------------------------------------------------------------------------------------------------

GENERATED := ui/src/api/openapi.json ui/src/api/schema.gen.ts

gen: $(UI_DEPS)
	$(CARGO_BUILD) --bin reeve-server
	$(BIN)/reeve-server openapi > target/openapi.json
	cp target/openapi.json ui/src/api/openapi.json
	cd ui && npm run gen

check-gen: $(UI_DEPS)
	@$(PHASE) "generated files" .ci/unchanged $(GENERATED) -- $(MAKE) --no-print-directory gen
