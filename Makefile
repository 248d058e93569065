# Everyday verbs, the same on a laptop and in CI. `make` prints them.

PY := .venv/bin/python
STAMP := .venv/.ready
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help install chat test test-fast test-gpu lint types format bench docs screenshots build \
	constraints clean

help: ## print the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: $(STAMP) ## make or refresh .venv

$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	@scripts/setup.sh
	@touch $(STAMP)

chat: install ## open the chat in a browser
	$(PY) -m omnipersona chat --port $(PORT)

# A process per core with a thread each: tests of one file stay together. The slowest are listed,
# so that every run shows where its minutes go.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses auto --dist loadfile --durations=25

test: install lint types ## lint, types and every test
	$(PYTEST)

test-fast: install ## the tests of a minute
	$(PYTEST) -m "not slow and not browser"

test-gpu: install ## shrunk weights, with the packages of the extra for GPUs beside .venv
	.venv/bin/uv pip install --quiet --python $(PY) --no-deps --target .venv/gpu \
		--constraint constraints.txt torchao bitsandbytes
	PYTHONPATH=.venv/gpu $(PY) -m pytest tests/model/bagel/checkpoint/test_quantize.py

lint: install ## ruff: rules and format
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: install ## strict mypy
	.venv/bin/mypy

format: install ## rewrite the code in the house format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: install ## nano's abilities in a minute
	$(PY) -m omnipersona bench nano --quick

docs: install ## the documentation as a site, in site/
	$(PY) scripts/docs.py
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

screenshots: install ## the pictures of the documentation, taken in a browser
	mkdir -p docs/screenshots
	OMNIPERSONA_SCREENSHOTS=docs/screenshots $(PY) -m pytest tests/ui/test_browser.py tests/ui/test_browser_memory.py
	$(PY) scripts/shoot_report.py

build: install ## the source distribution and from it the wheel, in dist/
	.venv/bin/uv build

# torch and the CUDA packages below it come from an index of their own, whose files have other hashes.
constraints: install ## constraints-hashed.txt: the pins that a wheel needs, with their hashes
	mkdir -p build
	.venv/bin/uv pip compile pyproject.toml --extra stores --extra server --extra tracing \
		--extra gpu --universal --constraint constraints.txt --generate-hashes --no-annotate \
		--custom-compile-command "make constraints" --quiet --output-file build/constraints.txt
	awk '/^[a-z]/ {theirs = /^(torch==|triton|nvidia-|cuda-)/} /^torch==/ {print $$1} !theirs' \
		build/constraints.txt > constraints-hashed.txt

clean: ## remove .venv and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
