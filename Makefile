# The commands of StreamWatch; what they do is in dev/. `make help` lists them.
PYTHON ?= python3
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help run test lint bench screenshots pins python

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: python ## Start StreamWatch on http://localhost:8000 (PORT, SIMULATOR_PORT change the ports)
	@$(PYTHON) -m dev.run

test: python ## Lint and all tests on throwaway servers (TESTS=tests/activity, ARGS="-k feed")
	@$(PYTHON) -m dev.test $(TESTS) $(ARGS)

lint: python ## Ruff, mypy, import-linter, djLint, Django's checks
	@$(PYTHON) -m dev.lint

bench: python ## Measure load, crashes and open streams in tests/load (ONLY names some)
	@$(PYTHON) -m dev.bench

screenshots: python ## Take the pages' pictures into docs/screenshots
	@$(PYTHON) -m dev.screenshots

pins: python ## Write requirements' *.txt anew from their *.in
	@$(PYTHON) -m dev.pin

python:
	@command -v $(PYTHON) > /dev/null || { echo "StreamWatch needs Python 3.11 or newer: install the packages python3 and python3-venv and run the command again." >&2; exit 1; }
