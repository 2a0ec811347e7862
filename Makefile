# The two commands of the README are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
# Compiled at once: a nightly job must not wait for it, whatever the environment forbids.
UV     := $(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python
RUST_SOURCES   := Cargo.toml Cargo.lock $(shell find rust -path rust/fuzz -prune -o \( -name '*.rs' -o -name Cargo.toml \) -print)
PYTHON_SOURCES := pyproject.toml $(shell find python -type f ! -name '*.so' ! -name '*.pyc')
SERVER_SOURCES := $(shell find server -type f ! -name '*.pyc')
PROTO_SOURCES  := $(wildcard proto/alloc/v1/*.proto)

DEMO      ?= demo
DEMO_SIZE ?= month
DEMO_SEED ?= 1

# make fuzz TARGET=camt MINUTES=1; without TARGET all of them, one after the other.
TARGET  ?=
MINUTES ?= 10
SEED    ?= 1

.PHONY: help demo test check check-rust check-python build lock bench gate fuzz judge proto check-proto clean system toolchain

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.wheel ## Build, write a demo month, clear a day of it, show the summary
	@$(BIN)/python bench/demo.py --folder $(DEMO) --size $(DEMO_SIZE) --seed $(DEMO_SEED)

# Spark is started by a fork, which a process that ran all the other tests is too large for.
test: system check $(VENV)/.wheel-dev ## Every check and every test
	@cargo test --locked --quiet --workspace
	@$(BIN)/python -m pytest --ignore tests/spark
	@$(BIN)/python -m pytest tests/spark

check: check-rust check-python check-proto ## Formats, lints, types, import contracts; no tests

check-rust: toolchain
	@cargo fmt --all --check
	@cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
	@cargo fmt --manifest-path rust/fuzz/Cargo.toml --check
	@cargo clippy --quiet --manifest-path rust/fuzz/Cargo.toml --target-dir target --all-targets -- -D warnings

check-python: $(VENV)/.wheel-dev
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m mypy.stubtest alloc._core --mypy-config-file pyproject.toml
	@$(BIN)/lint-imports --no-cache

# Compared with the branch main, where there is one.
check-proto: $(VENV)/.dev
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code proto
	@if git rev-parse --quiet --verify main:proto >/dev/null; then \
	  before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
	  git archive main buf.yaml proto third_party | tar -x -C "$$before"; \
	  $(BIN)/buf breaking --against "$$before"; \
	fi

proto: $(VENV)/.dev ## Generate python/alloc/v1 from proto/alloc/v1
	@$(BIN)/python tests/grpc/reasons.py
	@$(BIN)/buf format -w proto
	@$(BIN)/python -m grpc_tools.protoc -I proto -I third_party/googleapis \
	  --plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc \
	  --python_out=python --grpc_python_out=python --mypy_out=quiet:python --mypy_grpc_out=quiet:python $(PROTO_SOURCES)

build: $(VENV)/.wheel ## Build the release wheel into dist/ and install it into .venv

system:
	@.ci/system

toolchain:
	@command -v cargo >/dev/null || { echo "make: the Rust toolchain is missing: install rustup, then 'rustup toolchain install stable'" >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; with Debian: apt-get install -y python3.11 python3.11-venv; or name yours: make PYTHON=python3.12 ..." >&2; exit 1; }

$(VENV)/.tools: requirements/tools.txt | toolchain
	@echo "make: preparing .venv" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "make: no venv module; with Debian: apt-get install -y python3.11-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt $(VENV)/.tools
	@$(UV) --require-hashes -r requirements/runtime.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/judges.txt $(VENV)/.runtime
	@$(UV) --require-hashes -r requirements/dev.txt
	@$(UV) --require-hashes --no-deps -r requirements/judges.txt
	@touch $@

$(VENV)/.wheel: $(RUST_SOURCES) $(PYTHON_SOURCES) $(VENV)/.runtime
	@echo "make: building the wheel (a few minutes the first time)" >&2
	@rm -rf dist
	@$(BIN)/maturin build --release --locked --quiet --interpreter $(BIN)/python --out dist
	@$(UV) --no-deps --reinstall dist/alloc_engine-*.whl
	@touch $@

$(VENV)/.wheel-dev: $(VENV)/.wheel $(VENV)/.dev $(SERVER_SOURCES)
	@$(UV) --no-deps --no-build-isolation --reinstall ./server
	@touch $@

lock: $(VENV)/.tools ## Resolve the dependency locks again (hashes, no registry address)
	@for set in tools: runtime: dev:"--group dev"; do \
	  name=$${set%%:*}; options=$${set#*:}; source=pyproject.toml; \
	  [ $$name = tools ] && { source=requirements/tools.in; }; \
	  $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $$source $$options -o requirements/$$name.txt; \
	done
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-deps requirements/judges.in -o requirements/judges.txt
	@cargo update --quiet --workspace --manifest-path rust/fuzz/Cargo.toml

judge: $(VENV)/.wheel ## Measure rates on the ledgers of ../shared/judge into bench/record/judge.md
	@$(BIN)/python bench/judge.py

bench: $(VENV)/.wheel-dev ## Measure; results go to bench/record/ (an hour)
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/ledgers.py
	@$(BIN)/python bench/dealer.py
	@cargo bench --locked --quiet -p alloc-kernels --bench targets

gate: $(VENV)/.wheel ## Count instructions: fail when time grows faster than it may
	@$(BIN)/python bench/scaling.py --gate

fuzz: $(VENV)/.wheel-dev ## Fuzz every reader and the exact core; see CONTRIBUTING.md
	@rust/fuzz/run $(BIN)/python $(MINUTES) $(SEED) $(TARGET)

clean: ## Remove everything that was built
	@rm -rf $(VENV) dist target $(DEMO)
