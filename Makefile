# make demo and make test work from nothing: they find a Python, make .venv and install into it.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow lint format clean

# Linear algebra libraries that start a thread per core in every test worker slow each other down.
export OMP_NUM_THREADS ?= 1

PYTHON_NAMES := python3 python3.13 python3.12 python3.14 python
IS_SUITABLE  := import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 15))
PIP_INSTALL  := .venv/bin/python -m pip -qq --disable-pip-version-check install --constraint constraints.txt

CASTLE := build/castle-doctrine

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' Makefile

demo: .venv/installed-demo ## evaluate a real programme on real crime data; prints where the brief and the report lie
	.venv/bin/python vignettes/castle-doctrine/prepare.py $(CASTLE)
	.venv/bin/preventeval run $(CASTLE)/evaluation.toml --out $(CASTLE)/report --force

test: .venv/installed-dev ## run every test but those marked slow
	.venv/bin/python -m pytest -n 2

test-slow: .venv/installed-dev ## run the tests marked slow as well
	.venv/bin/python -m pytest -n 2 -m ""

# No cache for the layers: it misses modules that became importable since it was written.
lint: .venv/installed-dev ## check format, style, types, layers and house rules
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/python -m pytest -q tests/test_house.py

format: .venv/installed-dev ## rewrite the source in the house format
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean: ## remove the virtual environment and everything that was built
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/pyvenv.cfg:
	@for name in $(PYTHON_NAMES); do \
	  if $$name -c '$(IS_SUITABLE)' 2>/dev/null; then \
	    $$name -m venv --clear .venv && exit 0; \
	    rm -rf .venv; exit 1; \
	  fi; \
	done; \
	echo "preventeval needs Python 3.12, 3.13 or 3.14, and none of $(PYTHON_NAMES) on the path is one:" \
	  "install one and run make again." >&2; \
	exit 1

# Both installs share one environment; what the tests need includes what the demo needs.
.venv/installed-demo: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing preventeval into .venv (takes a minute or two) ..."
	@$(PIP_INSTALL) --editable '.[demo]'
	@touch $@

.venv/installed-dev: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing preventeval and what its tests need into .venv (takes a minute or two) ..."
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch .venv/installed-demo $@
