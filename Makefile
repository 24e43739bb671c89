# Everything that one does with Pilotage from a checkout. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SOURCES := src tests bench scripts

.PHONY: help run test check bench guarantees guides pins clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(VENV)/.run ## Set up, take the flight-delay desk from charter to live traffic, leave the server at http://127.0.0.1:8400
	$(BIN)/pilotage demo $(DEMO)

test: $(VENV)/.dev ## Set up and run every test
	bash scripts/system-packages
	$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/.dev ## Lint, format, types and the direction of imports
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure the figures of docs/performance.md, side by side with peers
	$(BIN)/python bench/run_all.py

guarantees: $(VENV)/.dev ## Simulate every statistical promise in full (a quarter of an hour) and write docs/guarantees.md
	$(BIN)/python -m tests.guarantees

guides: $(VENV)/.dev ## Write the generated reference pages under docs/ again
	$(BIN)/python scripts/generate_docs.py

pins: $(UV) ## Resolve the dependencies anew and write the hashed pins
	cd requirements && for name in dev run; do \
	  extra=$$([ $$name = dev ] && echo dev || echo demo); \
	  limit=$$([ $$name = dev ] || echo "-c dev.txt"); \
	  ../$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --extra $$extra $$limit ../pyproject.toml -o $$name.txt; \
	done

clean: ## Remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist src/pilotage/reports/charts/generated

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pilotage needs Python 3.11 or newer; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "Python has no venv module here; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

# An editable install leaves our own modules uncompiled, and every start would compile them again.
$(VENV)/.run: $(UV) requirements/run.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/run.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	$(BIN)/python -m compileall -q src
	$(BIN)/pilotage charts
	@touch $@

$(VENV)/.dev: $(UV) requirements/dev.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	$(BIN)/python -m compileall -q src
	$(BIN)/pilotage charts
	@touch $@ $(VENV)/.run
