# Needs Python 3.11 or newer and nothing else. Another one than python3: make demo PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin

# Programs are compiled once, not at each of the hundred starts of a test run.
unexport PYTHONDONTWRITEBYTECODE

# The environment is made anew when the Python or the lock changes; the program is installed into it, editable.
PACKAGES := .venv/packages-$(shell { $(PYTHON) -V; cat requirements.lock; } | cksum | tr -d ' ')
PROGRAM := .venv/program-$(shell cksum < pyproject.toml | tr -d ' ')
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input

.PHONY: help demo run test test-long test-faults mutants check bench

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

demo: $(PROGRAM) ## two whole campaigns on this machine, from nothing to their verified history
	@$(BIN)/python -m tests.linkedin --manners '{"accepting": 1}' -- $(BIN)/liftoff demo

run: $(PROGRAM) ## the service, until Ctrl-C
	@exec $(BIN)/liftoff serve

test: $(PROGRAM) ## every test
	$(BIN)/python -m pytest --quiet

test-faults: $(PROGRAM) ## the kill matrix: workers killed at every point of sending, 180 times; a quarter of an hour on two cores
	@$(BIN)/python -m tests.faults

MINUTES ?= 10

test-long: $(PROGRAM) ## the long forms of the tests, for MINUTES=10
	@$(BIN)/python -m tests.long --minutes $(MINUTES)

mutants: $(PROGRAM) ## small changes to the domain that no test notices
	$(BIN)/mutmut run
	@$(BIN)/mutmut results

check: $(PROGRAM) ## format, lint, types, import rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy domain service projections tests
	$(BIN)/lint-imports --no-logo

bench: $(PROGRAM) ## the benchmarks, as JSON and a table
	@$(BIN)/python -m tests.benchmarks

$(PROGRAM): $(PACKAGES)
	@rm -f .venv/program-*
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(PACKAGES):
	@$(PYTHON) -c 'import sys; sys.exit("Liftoff needs Python 3.11 or newer: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into .venv (once)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) install --require-hashes --only-binary :all: --no-deps --requirement requirements.lock
	@touch $@
