# Each target sets up what it needs: .venv is made once and again when pyproject.toml changes.
# Another Python: make test PYTHON=/path/to/python3.12      More workers: make test JOBS=4

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name))))
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin

# The tests start some two hundred processes, and none of them should compile the product anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help run test check bench soak clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run  ## Serve the demo street on the embedded database, in the foreground
	@exec $(BIN)/timebank run

test: $(VENV)/.dev  ## Run all tests on SQLite and PostgreSQL, with branch coverage
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term:skip-covered

check: $(VENV)/.dev  ## Lint, format, types, layers, and whether api_spec/ is up to date; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/timebank openapi write --check

bench: $(VENV)/.bench  ## Measure, side by side (about nine minutes)
	$(BIN)/python -m benchmarks

soak: $(VENV)/.dev  ## Run property and crash tests for long, with other examples every time
	$(BIN)/pytest tests/properties tests/concurrency/test_crash.py tests/concurrency/test_shop_crash.py -n $(JOBS) --hypothesis-profile=soak

clean:  ## Remove .venv and everything that the tools keep; data in instance/ stays
	rm -rf $(VENV) .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "timebank needs Python 3.11 or newer"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "timebank needs Python 3.11 or newer, and $(PYTHON) is older")'
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV), once (about half a minute) ..."
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) with the tools for development, once (about a minute) ..."
	@$(PIP) install --editable '.[dev]'
	@touch $(VENV)/.run $@

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) with what is raced against, once ..."
	@$(PIP) install --editable '.[dev,bench]'
	@touch $(VENV)/.run $(VENV)/.dev $@
