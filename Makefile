# Everything works from a fresh clone: each target installs what it needs into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= 2

.PHONY: demo reference test lint docs schema bench install clean

## demo: people, an orbit video and a mesh from the model that ships
demo: $(READY)
	$(BIN)/python examples/demo.py --out out/demo

## reference: import the reference's weights and draw the picture that they stand for
reference: $(READY)
	$(BIN)/python examples/against_reference.py --out out/reference

## test: run the tests
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

## lint: style, types, and the direction of imports
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## docs: build the documentation into site/
docs: $(READY)
	$(BIN)/zensical build --clean

## schema: write the JSON Schema of recipes
schema: $(READY)
	$(BIN)/aetherist schema --out schema/recipe.json

## bench: measure speed as ratios against named baselines
bench: $(READY)
	$(BIN)/python -m benchmarks

install: $(READY)

# torch first and alone: the pinned version satisfies every later range, so nothing replaces it.
$(READY): pyproject.toml constraints.txt
	@echo "installing into $(VENV), once; PyTorch takes a while"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --constraint constraints.txt torch
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

clean:
	rm -rf out site build dist
