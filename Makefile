# One command for each thing a person wants. `make help` tells them apart.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench torture lock clean

export HTTPS_PORT ?= 8443
export PAGES_PORT ?= 8444
export SFTP_PORT ?= 2222
JOBS ?= 2
PYTEST_ARGS ?=

PY := .venv/bin/python
SOURCES := requirements-dev.lock requirements-bench.lock pyproject.toml deploy/setup.sh deploy/system-packages.txt

help:
	@echo 'make demo      sets up, then shows the main job: two files in, every gemeente served, feedback back.'
	@echo '               Stays up and names the pages to open. ONCE=1 stops after the story.'
	@echo '               HTTPS_PORT=8443 PAGES_PORT=8444 choose other ports.'
	@echo 'make test      sets up, then runs every test, on SQLite and on a PostgreSQL of its own.'
	@echo '               PYTEST_ARGS="tests/unit -k gate" runs a part, JOBS=1 runs one at a time.'
	@echo 'make check     format, lint, types, import rules. Changes nothing.'
	@echo 'make bench     measures against the peers; QUICK=1 within a minute.'
	@echo 'make torture   kills every process for a long while and counts what survived. ROUNDS=200'
	@echo 'make setup     only sets up: .venv from the locked requirements.'
	@echo 'make lock      renews the lock files from pyproject.toml.'
	@echo 'make clean     removes .venv, var and the caches.'

setup: .venv/.ready-test

.venv/.ready-%: $(SOURCES)
	@deploy/setup.sh $*
	@touch $@

demo: .venv/.ready-run
	@exec $(PY) -m gateway.cli demo $(if $(ONCE),--once)

test: .venv/.ready-test
	$(PY) -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

check: .venv/.ready-test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/.ready-bench
	QUICK=$(QUICK) $(PY) -m tests.bench

torture: .venv/.ready-test
	TORTURE_ROUNDS=$(or $(ROUNDS),200) $(PY) -m pytest -s tests/acceptance/test_kill_rounds.py $(PYTEST_ARGS)

lock:
	@python3 -m venv var/lock && var/lock/bin/pip install --quiet --disable-pip-version-check uv
	@for extra in '' dev bench; do \
	  case $$extra in '') args= ;; dev) args='--extra dev' ;; bench) args='--extra dev --extra bench' ;; esac; \
	  var/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate $$args \
	    -o requirements$${extra:+-$$extra}.lock pyproject.toml; \
	done

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
