# Every target sets up .venv by itself; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PROFILE ?= quick
ONLY ?=
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: help notebooks test check lint lab bench lock clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 20

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: none found; name one with PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: $(PYTHON) is another; name one with PYTHON=..." >&2; exit 1; }
	@echo "Setting up .venv (a minute or two, once) ..."
	@"$(PYTHON)" -m venv --clear .venv \
	  || { echo "$(PYTHON) cannot make environments: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@# Without --no-deps pip would fetch TensorFlow, 2.5 GB that neural-tangents asks for and nothing here uses.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

notebooks: $(INSTALLED)  ## run every notebook and check its claims; PROFILE=full renders the pages; ONLY=01 runs one
	@$(BIN)/python notebooks/reproduce.py --profile "$(PROFILE)" --only $(ONLY)

test: lint  ## everything that decides whether a change may land
	$(BIN)/python -m pytest -q -n 2 --dist worksteal
	$(BIN)/python notebooks/reproduce.py

check: lint  ## the fast part of it: lint, types, unit tests, doctests
	$(BIN)/python -m pytest -q -m "not slow"

lint: $(INSTALLED)  ## lint, format and types alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(INSTALLED)  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

bench: $(INSTALLED)  ## the measured speeds that the README quotes
	$(BIN)/python benchmarks/margins.py
	$(BIN)/python benchmarks/kernels.py

lock: $(INSTALLED)  ## resolve requirements.lock afresh from pyproject.toml (takes uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements.lock

clean:  ## remove .venv, build/ and caches
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
