# Two commands do everything: `make try` opens the wizard on a practice server, `make test` proves the project.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/python -m pytest
# By a path instead of an import hook, which would cost every start 0.02 s.
EDITABLE = --config-settings editable_mode=compat -e

# Twice as many as processors, because many tests wait for servers and terminals.
JOBS ?= $$(( 2 * $$(getconf _NPROCESSORS_ONLN) ))
PARALLEL = -n $(JOBS) --dist loadscope --no-loadscope-reorder
# Packages that get bytes and values and give bytes and values.
PURE = wizard/certificates/*,wizard/configs/*,wizard/questions/*,wizard/findings*,wizard/reports/*

# With it set, each process of the tests would compile again what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: try test test-all lint types walls tests every-test matrix oracles bench texts fuzz crash dist snapshots public-roots clean

try: $(VENV)/.run
	@$(BIN)/cloudstream-wizard sandbox || [ $$? -eq 130 ] # left before the end

test: oracles $(VENV)/.test lint types walls tests

# Everything there is, for hours rather than minutes: before a release.
test-all: oracles $(VENV)/.dist lint types walls every-test fuzz matrix

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy wizard screens tests

walls: $(VENV)/.test
	$(BIN)/lint-imports

tests: $(VENV)/.test
	$(PYTEST) $(PARALLEL) -m "not exhaustive"

every-test: $(VENV)/.test
	CRASH_EVERY=1 CRASH_SECONDS=$${CRASH_SECONDS:-600} $(PYTEST) $(PARALLEL) --hypothesis-profile=exhaustive \
		--cov=wizard --cov=screens --cov-branch --cov-report=
	$(BIN)/coverage report --skip-covered
	$(BIN)/coverage report --include='$(PURE)' --fail-under=95 --format=total

# Each installed Python, and once with the oldest libraries that pyproject.toml allows.
matrix: $(VENV)/.test
	@sh tests/matrix.sh $(VENV)

# Real Java, openssl, augeas, sshd ... : installed as root on Debian, named otherwise.
oracles:
	@sh tests/oracles.sh

# Figures; each line says the limit and whether it was met. Ratios are taken within one run.
bench: oracles $(VENV)/.test
	@status=0; for bench in tests/benchmarks/bench_*.py; do \
		echo "== $$bench"; PYTHONPATH=. $(BIN)/python $$bench || status=1; done; exit $$status

# Every text that an operator can read, each with its code or place.
texts: $(VENV)/.test
	@$(BIN)/python -m tests.support.texts

fuzz: oracles $(VENV)/.test
	FUZZ_SECONDS=$${FUZZ_SECONDS:-60} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%Y%m%d)} $(PYTEST) tests/fuzz -q

crash: oracles $(VENV)/.test
	CRASH_EVERY=1 CRASH_SECONDS=$${CRASH_SECONDS:-600} $(PYTEST) tests/crash -q $(PARALLEL)

# What is handed out, in the folder dist.
dist: $(VENV)/.dist
	$(BIN)/python -m tests.dist.build dist
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz

# Only after looking at what changed.
snapshots: $(VENV)/.test
	$(PYTEST) tests/tui --snapshot-update -q
	$(BIN)/python -m tests.tui.recording

# The list of public roots that comes with the wizard, anew from the newest certifi.
public-roots: $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade certifi
	PYTHONPATH=. $(BIN)/python tests/support/public_roots.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); sh tests/oracles.sh venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(EDITABLE) .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(EDITABLE) '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.dist: $(VENV)/.test
	$(BIN)/python -m pip install -q --disable-pip-version-check $(EDITABLE) '.[test,dist]'
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
