# Every target sets up .venv by itself where that has not been done. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix docs golden bench clean

BIN := .venv/bin
ARGS ?=
export PYTHON

help: ## this list
	@echo "Workerset: a Kubernetes-style controller for the processes on your own machine"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Needs Python 3.11 or newer and a package registry; uses uv where it is there."
	@echo "Options: PYTHON=/path/to/python3.12 picks a Python, ARGS='...' goes to the tool (make test ARGS='-k backoff')"

setup: ## make .venv with all that is needed; done once
	@.ci/setup

demo: setup ## run the demo of manifests/ (Ctrl-C stops it, and all it started)
	@exec $(BIN)/python .ci/demo.py $(ARGS)

test: setup ## run the tests
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadfile $(ARGS)

check: setup ## everything a change must pass: format, lint, types, architecture, docs, tests
	@$(BIN)/python .ci/check.py

fix: setup ## repair format and lint where a machine can
	@$(BIN)/python -m ruff check --fix --quiet || true
	@$(BIN)/python -m ruff format

docs: setup ## write the reference pages that are made from code
	@$(BIN)/python .ci/docs.py

golden: setup ## accept what is printed now as the golden files; look at the diff afterwards
	@$(BIN)/python -m pytest --update-golden $(ARGS)
	@git --no-pager diff --stat -- tests/golden

bench: setup ## measure what it costs, as ratios against a bare loop (ARGS='--quick' for a small run)
	@$(BIN)/python benchmarks/run_all.py $(ARGS)

clean: ## remove .venv, caches and build results (never .workerset/)
	@rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis
