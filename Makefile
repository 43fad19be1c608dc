# Everything anyone needs, from any folder: `make -C path/to/plainsail run`. Needs only make and python3 (3.11 or later, with venv).
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Relative where it can be, since make can't cope with blanks in the names of targets.
ROOT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# The virtual environment; another place (VENV=/somewhere) for those who may not write here.
VENV ?= $(ROOT)/.venv
# To be put before a command: go to the root, with the environment's programs at hand.
IN_ROOT = bin="$$(cd "$(VENV)/bin" && pwd)"; cd "$(ROOT)"; export PATH="$$bin:$$PATH";
# The first Python that is new enough and can make virtual environments.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$python"; break; }; done)
endif

# See to the environment: SET_UP run, or SET_UP dev for what tests and checks need besides.
SET_UP = test -n "$(PYTHON)" || { echo "Plainsail needs python3, 3.11 or later, with venv (Debian: apt install python3-venv)." >&2; exit 1; }; \
	"$(PYTHON)" "$(ROOT)/.ci/environment.py" "$(VENV)"

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' "$(ROOT)/Makefile"

.PHONY: run
run: environment ## Set everything up and serve on http://localhost:8000 (PORT, PLAINSAIL_DATA)
	@$(IN_ROOT) exec plainsail up

.PHONY: test
test: environment-dev browser ## Run every test, browser journeys included (ARGS="path -k name" runs some, ARGS=--cov measures coverage)
	@$(IN_ROOT) exec python -m pytest -n auto --dist loadscope --no-loadscope-reorder $(ARGS)

.PHONY: test-deep
test-deep: environment-dev browser ## Run every test with many more generated examples and kills; takes long
	@$(IN_ROOT) PLAINSAIL_DEEP=1 exec python -m pytest -n 2 $(ARGS)

.PHONY: check
check: environment-dev ## Check format, lint, templates, types, import contracts, migrations
	@$(IN_ROOT) exec bash .ci/check

.PHONY: bench
bench: environment-dev ## Run the benchmarks (NAME=page runs one, QUICK=1 a shorter round)
	@$(IN_ROOT) exec python -m benchmarks $(NAME)

.PHONY: judge
judge: environment-dev browser ## Judge every template, site and section as published: Lighthouse, Nu HTML checker, axe (ONLY=templates,craft some)
	@$(IN_ROOT) exec python .ci/judge.py

# FILE is taken from the folder that make was called in, and reaches the command as it is, blanks and all.
FILE ?= $(ROOT)/tests/vectors/billing.json
.PHONY: vectors
vectors: export VECTORS := $(FILE)
vectors: environment ## Run worked billing examples (FILE=path.json, else those of the tests); fails if any differs
	@case "$$VECTORS" in /*) ;; *) VECTORS="$$PWD/$$VECTORS" ;; esac; $(IN_ROOT) exec plainsail vectors "$$VECTORS"

.PHONY: vendor
vendor: environment-dev ## Fetch the front-end files that vendor.json pins (needs npm)
	@$(IN_ROOT) exec python -m plainsail.ui.vendoring fetch

.PHONY: messages
messages: environment-dev ## Bring the catalogues of words in step with the source, and compile them
	@$(IN_ROOT) exec python -m plainsail.ui.catalogues update

.PHONY: browser
browser: environment-dev
	@$(IN_ROOT) exec python .ci/browser.py

.PHONY: clean
clean: ## Delete the virtual environment and caches (never data/)
	@rm -rf "$(VENV)"
	@cd "$(ROOT)"; rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

.PHONY: environment environment-dev
environment: ## Install what it needs, and start nothing
	@$(SET_UP) run
environment-dev:
	@$(SET_UP) dev
