# Two commands do all set-up: `make demo` and `make test`. The rest is for those who work on the code.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SHELL  := /bin/bash
# The tests start hundreds of processes: where no bytecode is kept, each compiles everything anew (2 s of a core).
BYTECODE := env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX=$(abspath $(VENV))/bytecode

.PHONY: demo console console-check test lint types layers check bench kill-long real real-sap real-setup sim sim-long conformance lock schemas docs screens wheel clean

$(BIN)/hefu: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hefu needs Python 3.11 or newer, found " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(BIN)/hefu

$(BIN)/pytest: requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hefu needs Python 3.11 or newer, found " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(BIN)/hefu $(BIN)/pytest

UI := src/hefu/web/static/index.html

$(UI): $(shell find frontend -type f -not -path '*/node_modules/*')
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	  || (echo "The console is built with Node 20.19 or newer and npm; install it, then: make console" && exit 1)
	cd frontend && npm ci --silent --no-audit --no-fund --ignore-scripts && npm run --silent build

demo: $(BIN)/hefu
	@if command -v npm >/dev/null; then $(MAKE) --silent $(UI) || echo "The demo goes on without its console."; fi
	@$(BIN)/hefu demo

console: $(UI)                 ## the web console, into the package

console-check: $(UI)           ## its types and words
	cd frontend && npm run --silent api:check && npm run --silent types && npm run --silent test

test: $(BIN)/pytest
	$(BYTECODE) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

lint: $(BIN)/pytest
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks

types: $(BIN)/pytest
	$(BIN)/mypy

layers: $(BIN)/pytest
	$(BIN)/lint-imports

check: lint types layers test

real: $(BIN)/pytest            ## the real ERP and CRM: sets them up once (about 3 minutes), then tests against them
	HEFU_REAL=1 $(BIN)/python -m pytest tests/real -q

real-sap: $(BIN)/pytest        ## SAP's own CAP server from npm (250 MB, not shipped: its licence forbids it), then the SAP connector against it
	HEFU_REAL_SAP=1 $(BIN)/python -m pytest tests/real/test_real_sap.py -q

bench: $(BIN)/pytest           ## speed and memory; prints the table of docs/performance.md
	$(BIN)/python -m benchmarks.run $(BENCH)

sim: $(BIN)/hefu              ## 2,000 seeds of the simulator: people, faults and crashes at every step of the engine
	$(BIN)/hefu sim run --seeds 2000 --jobs 2 --keep .storm $(SIM)

sim-long: $(BIN)/hefu         ## the same with 50,000 seeds: hours
	$(BIN)/hefu sim run --seeds 50000 --jobs 2 --keep .storm $(SIM)

schemas: $(BIN)/pytest         ## JSON Schemas of the documents, from the types
	$(BIN)/python -m hefu.store.schemas

conformance: $(BIN)/pytest     ## the conformance suites alone; renews src/hefu/app/proven.json and the page made of it
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/connectors tests/sandbox tests/real --hefu-sheet-file src/hefu/app/proven.json $(TESTS)
	$(BIN)/python -m docs.generate

screens: $(BIN)/pytest $(UI)  ## a picture of every screen in both languages, of the demo, into docs/screens/
	$(BIN)/python -m docs.screens

docs: $(BIN)/pytest            ## the generated reference pages
	$(BIN)/python -m hefu.web.describe > docs/reference/openapi.json.new
	mv docs/reference/openapi.json.new docs/reference/openapi.json
	$(BIN)/python -m docs.generate

kill-long: $(BIN)/pytest        ## kill -9 a thousand times at random moments; about half an hour
	HEFU_KILLS=$${HEFU_KILLS:-1000} $(BIN)/python -m pytest tests/crash -q -s

lock:                          ## needs uv: writes both locked lists with hashes
	uv pip compile -q --generate-hashes --universal --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile -q --generate-hashes --universal --python-version 3.11 pyproject.toml requirements-dev.in --extra apprise --extra sftp --extra keyring --extra reports --extra soap --extra kafka --extra nats --extra rabbitmq --extra rpa --extra traces -o requirements-dev.lock

wheel: $(BIN)/pytest
	rm -rf dist && $(BIN)/python -m build --wheel --no-isolation --outdir dist

clean:
	rm -rf $(VENV) dist build frontend/node_modules src/hefu/web/static .demo .bench .real .storm .mypy_cache .ruff_cache .hypothesis .pytest_cache
