# The two commands: `make build` audits (the demo company, or your files), `make test` checks everything CI checks.
# People and CI call the same targets. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
DEMO_ARGUMENTS ?=
REAL_DATA ?= ../shared/data

export PATH := $(CURDIR)/$(BIN):$(PATH)
export DBT_PROJECT_DIR := $(CURDIR)
export DBT_PROFILES_DIR := $(CURDIR)

# Nothing reports on its users.
export DBT_SEND_ANONYMOUS_USAGE_STATS := False
export GX_ANALYTICS_ENABLED := False
export DO_NOT_TRACK := 1

# Checks run in their own folder, with the demo company's seeds: your landing zone and warehouse stay as they are.
CHECK_TARGETS := test lint parse sqlfluff dialect bouncer ruff mypy pytest
$(CHECK_TARGETS): export AI_COST_LANDING := $(CURDIR)/.test/landing
$(CHECK_TARGETS): export AI_COST_WAREHOUSE := $(CURDIR)/.test/warehouse
$(CHECK_TARGETS): export AI_COST_COMPANY := seeds/company
$(CHECK_TARGETS): export DBT_TARGET_PATH := $(CURDIR)/.test/target
$(CHECK_TARGETS): export DBT_LOG_PATH := $(CURDIR)/.test/logs

# The audit of real data sets has its own landing zone and warehouse too.
real bills: export AI_COST_LANDING = $(CURDIR)/warehouse/$@/landing
real bills: export AI_COST_WAREHOUSE = $(CURDIR)/warehouse/$@
real bills: export AI_COST_COMPANY := seeds/real

define timed
	@printf '\n== %s\n' '$(1)'; $(2) || exit 1; printf '   %s: %s s\n' '$(1)' "$$SECONDS"
endef

# dbt says what it builds and what fails; each of its passed tests is in logs/dbt.log.
DBT_BUILD := dbt build | { grep --line-buffered -vE ' of [0-9]+ (START|PASS) ' || true; }

.NOTPARALLEL:
.PHONY: help setup build real bills docs site pictures clean lock clients browser $(CHECK_TARGETS)

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

setup: .venv/.package ## create .venv and install the locked packages, when they changed

.venv/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, python3 is " + sys.version)'
	@echo "Installing the locked packages into .venv (a few minutes the first time)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/.package: pyproject.toml .venv/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The demo company lands only where nothing was ever landed: an empty folder under a warehouse that once had files, or
# beside a company's own seeds, is more likely a missing mount.
build: setup ## audit the landing zone (the demo company when it is empty): check, dbt build, publish, summary
	@landing="$${AI_COST_LANDING:-landing}"; warehouse="$${AI_COST_WAREHOUSE:-warehouse}"; \
	if [ -z "$$(find "$$landing" -type f -not -name '.*' -print -quit 2>/dev/null)" ]; then \
		if [ -e "$$warehouse/build.duckdb" ]; then \
			echo "$$landing holds no file, but $$warehouse was built from some: the demo company is not landed"; \
		elif [ -n "$${AI_COST_COMPANY:-}" ]; then \
			echo "$$landing holds no file; AI_COST_COMPANY is set, so the demo company is not landed"; \
		else \
			ai-cost demo $(DEMO_ARGUMENTS); \
		fi; \
	fi
	@if ai-cost unchanged; then exec ai-cost summary; fi; \
	ai-cost check || echo "ai-cost check found problems in the raw files (above); the build goes on and says what it could not read"; \
	status=0; $(DBT_BUILD) || status=$$?; \
	if [ $$status = 0 ]; then ai-cost unchanged --remember; fi; \
	ai-cost summary || status=$$(( status ? status : $$? )); exit $$status

# The books of these sets cannot close (no invoice, redacted models), so a failed gate is no failure here; a build that
# published nothing is.
real: setup ## audit the real data sets in REAL_DATA, in a warehouse of its own
bills: setup ## audit the real bills and usage exports in REAL_DATA, in a warehouse of their own
real bills:
	@ai-cost real "$(REAL_DATA)" $(if $(filter bills,$@),--bills)
	@touch "$$AI_COST_WAREHOUSE/started"; status=0; $(DBT_BUILD) || status=$$?; ai-cost summary; \
	if [ "$$AI_COST_WAREHOUSE/ai_cost.duckdb" -nt "$$AI_COST_WAREHOUSE/started" ]; then \
		echo; echo "docs/real-data.md and docs/reconciliation-on-real-data.md say why these books stay open"; \
	else exit $$status; fi

docs: setup ## write one page that explains every model: target/static_index.html
	@dbt docs generate --static
	@echo "Open target/static_index.html"

site: setup ## serve the site of the published audit on 127.0.0.1 (needs Node 20 or newer)
	@ai-cost report serve

pictures: setup browser ## take the README's pictures of the built site (docs/images)
	@python tests/python/site_pictures.py

# pytest comes last: its closing line is the verdict.
test: lint pytest ## everything CI checks

lint: ruff mypy parse bouncer dialect sqlfluff ## the checks that build nothing, the quick ones first

.test/.gitignore:
	@mkdir -p .test/landing .test/warehouse
	@echo '*' > $@

ruff: setup
	$(call timed,ruff,ruff check . && ruff format --check .)

mypy: setup
	$(call timed,mypy,mypy)

parse: setup .test/.gitignore
	$(call timed,dbt parse,dbt --quiet parse)

bouncer: parse
	$(call timed,dbt-bouncer,COLUMNS=140 dbt-bouncer run --show-all-failures)

dialect: parse
	$(call timed,SQL dialect,dbt --quiet compile && python -m ai_cost_audit.lint_sql .test/target/compiled/ai_cost_audit/models)

# The slowest of them: only the files that changed since it last found nothing, all when a macro or a setting did.
sqlfluff: parse .test/sqlfluff.ok

LINTED := $(shell find models tests analyses -name '*.sql')
LINTED_WITH := .sqlfluff dbt_project.yml requirements.lock $(shell find macros -name '*.sql')

.test/sqlfluff.ok: $(LINTED) $(LINTED_WITH)
	$(call timed,sqlfluff,sqlfluff lint --disable-progress-bar --processes 2 \
		$(if $(filter $(LINTED_WITH),$?),$(LINTED),$(filter $(LINTED),$?)))
	@touch $@

# LiteLLM, the providers' SDKs and OpenTelemetry: what writes real traces for the tests. An environment of their own.
clients: .test/clients/.installed ## install the real clients that the tests drive

.test/clients/.installed: tests/clients/requirements.lock | .test/.gitignore
	@echo "Installing the clients that the tests drive into .test/clients"
	@$(PYTHON) -m venv .test/clients
	@.test/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/clients/requirements.lock
	@touch $@

# Playwright, a Node that builds the site, and Debian's Chromium when no browser is there. An environment of their own.
browser: .test/browser/.installed ## install what opens the site in a browser for the tests
	@command -v chromium > /dev/null || { \
		echo "Installing Chromium, which the tests open the site in"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null || \
			{ echo "Install Chromium so that the command chromium is on the path"; exit 1; }; \
	}

.test/browser/.installed: tests/browser/requirements.lock | .test/.gitignore
	@echo "Installing Playwright and Node for the tests into .test/browser"
	@$(PYTHON) -m venv .test/browser
	@.test/browser/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/browser/requirements.lock
	@touch $@

pytest: setup clients browser .test/.gitignore
	@printf '\n== pytest\n'
	@pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# The lock keeps its pins where the ranges of requirements.in allow; `pip-compile --upgrade` moves them.
lock: setup ## write the requirements.lock files anew from requirements.in (needs a package index)
	@$(PYTHON) -m venv .test/lock && .test/lock/bin/python -m pip install --quiet pip-tools
	@for folder in . tests/clients tests/browser; do \
		CUSTOM_COMPILE_COMMAND="make lock" .test/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe \
			--no-strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
			--output-file $$folder/requirements.lock $$folder/requirements.in; \
	done

clean: ## remove what can be made again; the landing zone and the warehouse stay
	@rm -rf target logs .test .pytest_cache .mypy_cache .ruff_cache *.egg-info
