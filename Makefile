# Everything a developer runs. `make` lists the targets; each sets up what it needs in .venv by itself.
# All paths are relative: the project may be in a folder whose name has spaces.

# Tried in this order. Named versions come first: the lock has wheels for them, perhaps not for a newer python3.
PYTHON ?= python3.13 python3.12 python3.11 python3
PY := .venv/bin/python
VENV := .venv/bin/activate
INSTALLED := .venv/.installed

# What `make bench` measures; docs/benchmarks.md holds its last result.
BENCH ?= --files 10000,100000 --million --write

# Which long trials `make trials` runs, and how long; docs/reliability.md holds their last results.
TRIALS ?=

# What `make check` tests: rooms without servers, sync clients, browsers, or supervised processes.
CHECKED := tests/architecture tests/model tests/catalog tests/folders tests/contracts tests/pictures \
  tests/services tests/store tests/cli

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Containers often set it. Then every process that a test starts compiles all of Strandline, and each worker all tests.
unexport PYTHONDONTWRITEBYTECODE
# For the recipe, as environment: a shell variable survives spaces and quotes in a folder's name.
export SD

.PHONY: help demo demo-team check test compiled coverage lint format bench trials lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## set up and show Strandline at work; on a folder of yours, only reading: make demo SD=~/Dropbox/Notes
	@$(PY) demo/run.py $${SD:+"$$SD"}

demo-team: $(INSTALLED)  ## the same for a team: PostgreSQL, a bucket, two servers, two workers on this machine
	@$(PY) demo/team.py

check: lint  ## lint and run the fast tests, while you work; CI runs all of them
	@$(PY) -m pytest -q -n auto --dist worksteal --hypothesis-profile=quick -m 'not slow' $(CHECKED)

test: $(INSTALLED)  ## set up and run the tests; some of them: make test TESTS=tests/model
	@$(PY) -m pytest -n auto --dist worksteal --durations 30 $(TESTS)

# Otherwise each worker compiles all of them, at the same time as the others.
compiled: $(INSTALLED)  ## compile the tests, which their first run does otherwise; some: TESTS=tests/model
	@$(PY) -m pytest -qq --collect-only $(TESTS) >/dev/null || true  # `make test` says what is wrong

coverage: $(INSTALLED)  ## run the tests, list which lines and branches of src none of them reached; some: TESTS=tests/cli
	@$(PY) -m coverage erase
	-@$(PY) -m coverage run -m pytest -q -n auto --timeout 600 $(TESTS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

lint: $(INSTALLED)  ## check style (ruff), types (mypy --strict) and floors (import-linter)
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo

format: $(INSTALLED)  ## put the code in the form that lint asks for
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

bench: $(INSTALLED)  ## measure each operation beside its physical limit; some: make bench BENCH='--only saves'
	@$(PY) -m bench.run $(BENCH)

trials: $(INSTALLED)  ## try for hours what CI tries for minutes; some: make trials TRIALS='--only soak --minutes 2'
	@$(PY) -m trials.run $(TRIALS)

lock: $(INSTALLED)  ## rebuild requirements/dev.txt after a change of dependencies; newest versions: make lock UPGRADE=1
	@$(PY) -m pip install --quiet uv
	@$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --all-extras $(if $(UPGRADE),--upgrade) pyproject.toml requirements/dev.in -o requirements/dev.txt

clean:  ## remove what make, the tools and the demo made
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build dist demo/out demo/out-team
	@find src tests demo bench trials -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# One lock for the library and the tools: a newcomer's demo runs with exactly what the tests ran with.
$(INSTALLED): $(VENV) pyproject.toml requirements/dev.txt
	@echo 'Setting up .venv (once; a minute or two) ...'
	@$(PY) -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# `venv` writes `activate` last, so an interrupted one is made again. Debian has ensurepip in a separate package.
$(VENV):
	@for python in $(PYTHON); do \
	  "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    && exec "$$python" -m venv --clear .venv; \
	done; \
	echo 'make: Strandline needs Python 3.11 or newer with venv; none of these is that: $(PYTHON)' >&2; \
	echo '      Debian, Ubuntu: apt-get install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3' >&2; \
	exit 1
