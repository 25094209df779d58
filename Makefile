# Every target sets up what it needs first; see README.md.
PY := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup setup-test run demo test check check-static soak bench pictures speech-graph speech-model format lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup:
	@tools/setup.sh run

setup-test:
	@tools/setup.sh test

run: setup  ## serve the console on http://127.0.0.1:8000 and run the demo campaign on real audio
	@.venv/bin/huifang demo

demo: setup  ## the demo campaign in the terminal, without the server
	@.venv/bin/huifang demo --exit

test: setup-test check-static  ## all tests, with what they need
	@timeout --foreground --kill-after=30 45m $(PY) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder || \
	  { code=$$?; [ $$code -lt 124 ] || echo "make test: stopped after 45 minutes, a test hangs"; exit $$code; }

check: test  ## the same: what CI runs

check-static: setup-test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

soak: setup-test  ## the tests that take long: months of simulated calls (minutes on a quiet machine)
	@$(PY) -m pytest -q -m soak --timeout 7200

bench: setup-test  ## all measurements (README, "Measured")
	@$(PY) -m benchmarks all --json

pictures: setup-test  ## pictures of the main pages of a demo that runs on port 8000, into var/pictures
	@$(PY) tools/screenshots.py http://127.0.0.1:8000 var/pictures

speech-graph:  ## rebuild the recogniser's graph when scripts or phrases bring new words (a minute)
	@$(MAKE) -C speech_model graph

speech-model:  ## rebuild the small recogniser model from nothing (about 40 minutes)
	@$(MAKE) -C speech_model all

format: setup-test  ## put the code into the house style
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock: setup-test  ## pin the packages anew
	@.venv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --no-emit-index-url --no-header -q -o requirements.lock

clean:  ## remove the demo data (recordings, database) and the virtual environment
	rm -rf var .venv
