# Every target sets up the environment that it needs by itself; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PROFILE ?= quick
ONLY ?=
BIN := .venv/bin
INSTALLED := .venv/installed
LATEST := .venv-latest
SITE := .venv-site
WITH_JUPYTER := test_notebooks.py test_reproduce.py
RESOLVE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header --quiet

.PHONY: help notebooks test test-latest check lint prove lab explorer bench lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 20

$(INSTALLED): requirements.lock
$(LATEST)/installed: requirements-latest.lock
$(SITE)/installed: requirements-site.lock
$(INSTALLED) $(LATEST)/installed $(SITE)/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: none found; name one with PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: $(PYTHON) is another; name one with PYTHON=..." >&2; exit 1; }
	@echo "Setting up $(@D) (a minute or two, once) ..."
	@"$(PYTHON)" -m venv --clear $(@D) \
	  || { echo "$(PYTHON) cannot make environments: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@# Without --no-deps pip would fetch TensorFlow, 2.5 GB that neural-tangents asks for and nothing here uses.
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r $(filter %.lock,$^)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

notebooks: $(INSTALLED)  ## run every notebook and check its claims; PROFILE=full renders the pages; ONLY=01 runs one
	@$(BIN)/python notebooks/reproduce.py --profile "$(PROFILE)" --only $(ONLY)

test: lint  ## lint, types, tests, doctests, every notebook: this and the next decide whether a change may land
	$(BIN)/python -m pytest -q -n 2 --dist worksteal
	$(BIN)/python notebooks/reproduce.py

test-latest: $(LATEST)/installed  ## what JAX takes part in, on the newest JAX: the tests marked latest, and examples
	$(LATEST)/bin/python -m pytest -q -n 2 --dist worksteal -m latest $(addprefix --ignore tests/,$(WITH_JUPYTER))
	@# Once more what XLA has got wrong before, at the level of optimisation that users have.
	XLA_FLAGS= $(LATEST)/bin/python -m pytest -q -n 2 --dist worksteal -m latest -k gradient tests/kernels/test_kernels_jax.py

check: lint  ## the fast part of it: lint, types, unit tests, doctests
	$(BIN)/python -m pytest -q -m "not slow"

lint: $(INSTALLED)  ## lint, format and types alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

prove:  ## check the theorems of proofs/ by machine; takes Coq, and says how to install it where it is absent
	@proofs/prove

lab: $(INSTALLED)  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

explorer: $(INSTALLED)  ## build/explorer/index.html, a page to try pairs of images on; takes wasm-ld (Debian: lld) or says so
	@$(BIN)/python explorer/explorer_page.py

bench: $(INSTALLED)  ## the measured speeds that the README quotes
	$(BIN)/python benchmarks/margins.py
	$(BIN)/python benchmarks/kernels.py
	$(BIN)/python benchmarks/gradients.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/attacks.py
	$(BIN)/python benchmarks/price.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/certificates.py
	@# Of another project, which is built by hand: it says how where it is not.
	$(BIN)/python benchmarks/rival.py

.PHONY: site test-site
site: $(SITE)/installed  ## the pages, the package and all claims as a site to read, in build/site
	@$(SITE)/bin/python docs/build_site.py

test-site: site  ## read the site in a browser: every page, at the width of a phone and of a desk (takes chromium)
	$(SITE)/bin/python -m pytest -q -c docs/pytest.ini

lock: $(INSTALLED)  ## resolve the three locks afresh from pyproject.toml (takes uv)
	$(RESOLVE) $(addprefix --extra ,certified data dev large notebooks oracle) --upgrade -o requirements.lock
	@# What the file has is what uv prefers: the other locks keep the versions of the first, but for JAX in the second.
	cp requirements.lock requirements-latest.lock
	$(RESOLVE) --extra data --extra dev --upgrade-package jax --upgrade-package jaxlib -o requirements-latest.lock
	cp requirements.lock requirements-site.lock
	$(RESOLVE) --extra site -o requirements-site.lock

clean:  ## remove the environments, build/ and caches
	rm -rf .venv $(LATEST) $(SITE) build .mypy_cache .ruff_cache .pytest_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
