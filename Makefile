PYTHON ?= python3
HOMES ?= 300
FOLDERS ?=
VENV := .venv/bin
# Seconds are counted from here.
export MAKE_STARTED := $(shell date +%s)
CHECKED := contracts kit services gateway deploy tests

.DEFAULT_GOAL := help
.PHONY: help run demo-data code remind test check format tables bench requirements clean

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing and run everything here; Ctrl-C stops it
	@$(PYTHON) -m deploy.local.install
	@$(VENV)/python -m deploy.local.run

demo-data: ## Add fictional homes to what runs: HOMES=15000 makes it national
	@$(VENV)/tracker demo-data --homes $(HOMES)

code: ## Show the code that the demo's administrator signs in with now
	@$(VENV)/tracker demo-code

remind: ## Send now what the weekly reminder would send
	@$(VENV)/tracker remind

test: ## Run every test, on servers started for it; FOLDERS="kit search" runs some
	@$(PYTHON) -m deploy.local.install --tests
	@$(VENV)/python -m deploy.local.test $(FOLDERS)

check: ## Look at the code without running it: ruff, mypy, and the rules of the house
	@$(PYTHON) -m deploy.local.install --tests
	@$(VENV)/ruff check $(CHECKED)
	@$(VENV)/ruff format --check $(CHECKED)
	@$(VENV)/mypy
	@$(VENV)/python -m deploy.local.test wiring

format: ## Format the code
	@$(VENV)/ruff check --fix --quiet $(CHECKED) || true
	@$(VENV)/ruff format --quiet $(CHECKED)

tables: ## Write anew what is generated: the tables of docs/ARCHITECTURE.md, the outlines of the map
	@$(VENV)/python -m deploy.tables
	@$(VENV)/python -m deploy.outlines

bench: ## Measure it at 15,000 and 200,000 homes; WRITE=1 PLANS=1 write docs, ONLY="searching national" parts
	@$(PYTHON) -m deploy.local.install --bench
	@$(VENV)/python -m tests.bench $(if $(WRITE),--write) $(if $(PLANS),--plans) $(if $(ONLY),--only $(ONLY))

requirements: ## Pin the newest Python packages, with hashes
	@for name in requirements requirements-local requirements-dev; do \
	    CUSTOM_COMPILE_COMMAND="make requirements" $(VENV)/pip-compile --quiet --upgrade --generate-hashes \
	        --allow-unsafe --strip-extras --no-annotate \
	        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	        --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## Remove all that was installed or made here, and the data
	@$(PYTHON) -m deploy.local.clean
