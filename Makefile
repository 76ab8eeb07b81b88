# creditgate. `make run` and `make test` do all the set-up; nothing but git, make and Python is needed.
# State lies in $CREDITGATE_HOME (default .creditgate/), the environment in .venv/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

# A Python that the project supports: PYTHON=… on the command line, else the first that fits.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python; do \
	  $$p -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 13)))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.9
BIN := .venv/bin
UV := $(BIN)/uv
ARGS ?=
# Tests run on several workers, a module on one of them, in the order that tests/conftest.py gives.
PARALLEL := -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

# Bytecode is written beside the code: without it every Airflow process compiles Airflow anew, 20 s at each start.
unexport PYTHONDONTWRITEBYTECODE
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport VIRTUAL_ENV
# An account without a home keeps the download cache in the environment.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export UV_CACHE_DIR ?= $(CURDIR)/.venv/cache
endif

SYNC := $(UV) sync --frozen --inexact --quiet --compile-bytecode --extra embedded
LOCKED := pyproject.toml uv.lock

## run: set up, take in every waiting feed, build the marts, expire, print what happened
.PHONY: run
run: .venv/.ready
	@$(BIN)/creditgate run $(ARGS)

## up: Airflow with its web interface and its schedules, until Ctrl-C
.PHONY: up
up: .venv/.ready
	@$(BIN)/creditgate up $(ARGS)

## down: stop what `make up` or an interrupted run left running, and the embedded PostgreSQL
.PHONY: down
down: .venv/.ready
	@$(BIN)/creditgate stop

## test: set up, run the tests with their coverage floor (ARGS="-k name" for some of them)
.PHONY: test
test: .venv/.ready-dev
	@$(BIN)/pytest $(if $(ARGS),$(ARGS),$(PARALLEL) --durations=25 --cov --cov-report=term)

## lint: style, types, layers, SQL, contracts, compose file
.PHONY: lint
lint: .venv/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/lint_sql.py
	$(BIN)/python .ci/lint_contracts.py
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

## format: bring the Python code into shape
.PHONY: format
format: .venv/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## bench: the gate's speed beside its yardsticks (medians of five; takes minutes; ARGS="--only daily" for a day's run)
.PHONY: bench
bench: .venv/.ready-bench
	@$(BIN)/python -m bench $(ARGS)

## soak: long random tests
.PHONY: soak
soak: .venv/.ready-dev
	@$(BIN)/pytest -m soak --timeout 0 $(ARGS)

## generate: what is made from the contracts (rule catalogue, pages of the items, words for secret fields)
.PHONY: generate
generate: .venv/.ready-dev
	@$(BIN)/python -m creditgate.report.generated

## docs: the documentation as a site in site/
.PHONY: docs
docs: .venv/.ready-dev
	@$(BIN)/mkdocs build --strict

## setup: the environment alone, with the development tools
.PHONY: setup
setup: .venv/.ready .venv/.ready-dev

## clean: remove the environment and all caches; the state folder stays
.PHONY: clean
clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov site
	find dags include tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

## help: this list
.PHONY: help
help:
	@sed -n 's/^## \([a-z]*\): /  make \1\t/p' Makefile | expand -t 16

# The stamps below are older than what they depend on only after a change: a second call costs nothing.
.venv/.ready: $(LOCKED) | $(UV)
	@echo "setting up the environment in .venv/ (once; some minutes)"
	@$(SYNC) --no-dev
	@touch $@

.venv/.ready-dev: $(LOCKED) | $(UV)
	@echo "setting up the environment with the development tools in .venv/ (once; some minutes)"
	@$(SYNC) --group dev
	@touch $@ .venv/.ready

.venv/.ready-bench: $(LOCKED) | $(UV)
	@$(SYNC) --group dev --group bench
	@touch $@ .venv/.ready .venv/.ready-dev

$(UV):
	@test -n "$(PYTHON)" || { echo "creditgate needs Python 3.11 or 3.12; none was found. Install one, or: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) can't make an environment. On Debian: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet "uv==$(UV_VERSION)"
