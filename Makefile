# Everything a developer runs. `make dev` and `make test` set up what they need; nothing has to be installed by hand.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
GRAPHIQL := server/static/graphiql/graphiql.html
PLAYGROUND_SOURCES := $(shell find playground -type f -not -path '*/node_modules/*' 2>/dev/null)
HAS_NODE := $(shell node -e 'const [a, b] = process.versions.node.split("."); console.log(+a > 20 || (+a === 20 && +b >= 19) ? 1 : "")' 2>/dev/null)

.PHONY: help dev test acceptance check format playground audit migration lock wheel clean
.DEFAULT_GOAL := help

help: ## This list.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

dev: .venv/.run $(if $(HAS_NODE),$(GRAPHIQL)) ## Set up, then run the server on 8000 and the offline WeChat on 8001.
	@$(if $(HAS_NODE),:,echo "No Node.js 20.19 or newer: GraphiQL is left out, the API is whole.")
	@exec $(BIN)/appletql dev

# What measures time is not measured for coverage, which doubles it.
test: .venv/.dev $(if $(HAS_NODE),$(GRAPHIQL) tests/sdks/node_modules/.stamp) ## Set up, then run every test on SQLite and on PostgreSQL; COVERAGE=1 judges coverage too.
	@$(BIN)/python -m pytest --quiet --numprocesses 3 -m "not alone and not processes" $(if $(COVERAGE),--cov --cov-report=term)
	@$(BIN)/python -m pytest --quiet --numprocesses 3 -m processes
	@$(BIN)/python -m pytest -m alone

acceptance: .venv/.dev ## The long forms of what tests do in short: hundreds of kills, long outages, a bill of a million rows. Takes hours.
	@APPLETQL_FULL=1 APPLETQL_SEQUENCES=2000 $(BIN)/python -m pytest --verbose -s tests/chaos tests/worker tests/orders/test_state_machine.py
	@$(BIN)/python -m benchmarks.reconcile_memory

check: .venv/.dev ## Format, lint, types, floors, SDL and migrations; changes nothing.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest --quiet tests/architecture tests/models/test_migrations.py

format: .venv/.dev ## Format, and mend what can be mended.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/appletql schema --output schema.graphql

playground: $(GRAPHIQL) ## Build GraphiQL (needs Node.js 20.19 or newer).

audit: .venv/.dev $(GRAPHIQL) tests/audit/node_modules/.stamp ## The graphql-http audits against the development server.
	@$(BIN)/python tests/audit/against_dev.py

migration: .venv/.dev ## Write the migration that the models lack: make migration NAME=what_changed.
	@$(BIN)/appletql migrate --make "$(NAME)"

lock: ## Resolve the dependencies anew (needs uv).
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --output-file requirements/build.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --output-file requirements/run.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group build --group dev --constraint requirements/run.lock --output-file requirements/dev.lock

wheel: .venv/.dev $(GRAPHIQL) ## Build the wheel into dist/.
	@$(BIN)/hatchling build --target wheel

clean: ## Remove what was set up and built; databases and secrets stay.
	rm -rf .venv dist server/static playground/node_modules tests/audit/node_modules tests/sdks/node_modules test-results

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@echo "==> Making .venv"
	@$(PYTHON) -m venv .venv

.venv/.run: requirements/run.lock requirements/build.lock pyproject.toml | .venv/bin/python
	@echo "==> Installing what the server needs"
	@$(PIP) --require-hashes --no-deps -r requirements/build.lock -r requirements/run.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.lock
	@echo "==> Installing what the tests need"
	@$(PIP) --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

$(GRAPHIQL): $(PLAYGROUND_SOURCES)
	@echo "==> Building GraphiQL"
	@cd playground && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

tests/sdks/node_modules/.stamp: tests/sdks/package-lock.json
	@echo "==> Installing a WeChat Pay SDK for the sandbox's tests"
	@cd tests/sdks && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

tests/audit/node_modules/.stamp: tests/audit/package-lock.json
	@echo "==> Installing the graphql-http audits"
	@cd tests/audit && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
