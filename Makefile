# Chores of Cadenza. `make serve` and `make test` set up everything they need.
# Options for the program behind a chore go into ARGS: make serve ARGS='--port 9000'

.PHONY: help serve test quick venv page lint bench lock clean
.DEFAULT_GOAL := help

BIN := .venv/bin
CLIENTS := tests/clients
NODE_PACKAGES := $(CLIENTS)/node_modules/.package-lock.json
PAGE := src/cadenza/dashboard
PAGE_BUILDS := $(PAGE)/vendor/lightweight-charts.mjs
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

# The first interpreter that is recent enough; PYTHON=... names another one.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c '$(RECENT)' 2>/dev/null; then echo $$python; break; fi; done)

WORKERS = $(shell echo $$(($$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) + 1)))

PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PIP_INSTALL := $(PIP) install --quiet --require-hashes --requirement
PIP_EDITABLE := $(PIP) install --quiet --no-deps --no-build-isolation --editable .

# $(call system,test,Debian packages,advice): unless the test succeeds, install the packages.
define system
	@{ $(1); } >/dev/null 2>&1 || { \
		root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		if ! command -v apt-get >/dev/null || ! command -v $${root:-env} >/dev/null; then \
			echo "$(3)" >&2; exit 1; \
		fi; \
		echo "Installing $(2)"; \
		$$root apt-get update -qq && \
		$$root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq --yes --no-install-recommends $(2) >/dev/null; \
	}
endef

# Node.js with npm, recent enough.
define node
	$(call system,command -v node && command -v npm,nodejs npm,Node.js 18 or newer is needed.)
	@node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || { \
		echo "Node.js 18 or newer is needed; this is $$(node --version)." >&2; exit 1; }
endef

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf '  make %-6s %s\n' "$$name" "$$what"; done

serve: .venv/.serve ## Run a sandbox with streaming markets
	@$(MAKE) --no-print-directory page || echo 'Going on without the page.'
	@exec $(BIN)/cadenza serve $(ARGS)

# The tests start the program hundreds of times: its bytecode is kept, whatever the environment says.
test quick: export PYTHONDONTWRITEBYTECODE :=

# One worker more than there are cores, as some tests wait: for an end of a token, for a server.
# One test after another in this terminal: ARGS='-n 0'.
test: .venv/.test $(NODE_PACKAGES) $(PAGE_BUILDS) ## Check style and types, run all tests
	$(call system,command -v curl,curl,curl is needed: the examples of the HTTP API are run with it.)
	$(call system,command -v chromium,chromium,Chromium is needed: the page is tested in it.)
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

quick: .venv/.test $(PAGE_BUILDS) ## Run the tests that start no process
	@exec $(BIN)/python -m pytest -n auto --dist worksteal -m 'not process' $(ARGS)

venv: .venv/.test $(PAGE_BUILDS) ## Make .venv with everything in it

page: $(PAGE_BUILDS) ## Fetch the libraries of the page

lint: .venv/.test ## Check style and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary

bench: .venv/.test ## Measure speed
	$(call system,command -v cc,gcc libc6-dev,A C compiler is needed: install gcc or clang.)
	@$(BIN)/python benchmarks/run.py $(ARGS)
	@[ -n '$(ARGS)' ] || for name in matching orders client client_storm; do \
		echo; echo "== bench_$$name.py"; $(BIN)/python benchmarks/bench_$$name.py || exit 1; done

lock: .venv/.test ## Renew the locked versions; ARGS=--upgrade takes the newest
	$(PIP) install --quiet uv
	$(call lock_python,serve,--group build)
	$(call lock_python,test,--group build --group dev --constraint requirements/serve.txt)
	for folder in $(CLIENTS) $(PAGE); do \
		npm --prefix $$folder install --package-lock-only --omit-lockfile-registry-resolved || exit 1; done

# $(call lock_python,name,options)
define lock_python
	$(BIN)/uv pip compile pyproject.toml --extra server $(2) $(ARGS) --quiet \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --output-file requirements/$(1).txt
endef

clean: ## Remove what the other chores have made
	rm -rf .venv $(CLIENTS)/node_modules $(PAGE)/vendor benchmarks/build .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache

.venv/.python:
	@if [ -z '$(PYTHON)' ] || ! $(PYTHON) -c '$(RECENT)'; then \
		echo "Python 3.11 or newer is needed; there is $$($(or $(PYTHON),python3) --version 2>/dev/null || echo none)." \
			"Name another one: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi
	$(call system,$(PYTHON) -c 'import ensurepip',python3-venv,Python's ensurepip is needed.)
	@$(BIN)/python -c '$(RECENT)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 \
		|| $(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.serve: .venv/.python requirements/serve.txt pyproject.toml
	@echo 'Installing the server into .venv'
	@$(PIP_INSTALL) requirements/serve.txt
	@$(PIP_EDITABLE)
	@touch $@

.venv/.test: .venv/.python requirements/test.txt pyproject.toml
	@echo 'Installing the server and its tools into .venv'
	@$(PIP_INSTALL) requirements/test.txt
	@$(PIP_EDITABLE)
	@touch .venv/.serve $@

$(NODE_PACKAGES): $(CLIENTS)/package-lock.json
	$(node)
	@echo 'Installing the Node packages of the tests'
	@npm --prefix $(CLIENTS) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE_BUILDS): $(PAGE)/package-lock.json $(PAGE)/vendor.py | .venv/.python
	$(node)
	@echo 'Fetching the libraries of the page'
	@PYTHONPATH=src $(BIN)/python -m cadenza.dashboard.vendor
	@touch $@
