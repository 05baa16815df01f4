# Everything a user or a contributor types. `make help` lists it.
PY := .venv/bin/python
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup test check fix golden

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

setup:
	@sh .ci/setup

test: setup ## run the tests
	$(PY) -m pytest

check: setup ## format, lint, types, architecture, tests, docs: what has to be green
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(MAKE) --no-print-directory test

fix: setup ## format and mend what can be mended by machine
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

golden: setup ## write the golden files anew; read the difference before you commit it
	$(PY) -m pytest --update-golden
