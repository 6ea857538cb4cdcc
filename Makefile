# make run      set up and start the graph: microphone, or a demonstration recording without one
# make run SOURCE=path.wav|mic|demo
# make run SEPARATE=1           the nodes as three processes; one that dies starts again
# make run BEHAVIOURS=1         rocking, sound, alerts and diary too, without a robot
# make run PAGE=1               the caregiver's page too, on http://127.0.0.1:8095/
# make soak     the long forms of the reliability tests, with figures (25 to 75 minutes)
# make soak SOAK=--short        a tenth of it; SOAK='--only crashes --kills 5': a part
# make test     set up and run all tests, files side by side (WORKERS=5)
# make test-quick   what is not slow and needs no graph, browser, sound server or torch's training
# make test-loaded  the graph tests 20 times beside busy loops (RUNS=20; hours)
# make core-check   the compiled core under sanitizers, fed random bits, and for aarch64 under qemu
# make setup    set up only
export SOURCE ?=
SEPARATE ?=
BEHAVIOURS ?=
PAGE ?=
SOAK ?=
RUNS ?= 20
# Graph tests mostly wait: with four files at a time two cores stand still half of the time, with six
# sound in real time has gaps. Each file stays with one worker, in the order of test/conftest.py.
# Bytecode is kept: without it each worker compiles every test.
WORKERS ?= 5
PYTEST = PYTHONDONTWRITEBYTECODE= ./env.sh pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder
QUICK_IGNORES = -m 'not slow' --ignore=test/graph --ignore=test/research --ignore=test/launch \
  --deselect test/audio/test_microphone.py --deselect test/audio/test_speaker.py

.PHONY: run soak test test-quick test-loaded core-check setup lint lock sbom docs clean
SHELL = /bin/bash

# In a terminal all of it has a process group of its own: Ctrl-C is its alone, and make, which
# would call it an error, ends with its exit code.
run:
	@if [ -t 0 ]; then set -m; fi; tools/run.sh $(if $(filter-out 0,$(SEPARATE)),--separate) \
	  $(if $(filter-out 0,$(BEHAVIOURS)),--behaviours) $(if $(filter-out 0,$(PAGE)),--page) "$$SOURCE"; exit $$?

soak: setup
	@./env.sh python tools/soak.py $(SOAK)

test:
	@tools/setup.sh test
	@$(PYTEST) test

test-quick:
	@tools/setup.sh test
	@$(PYTEST) $(QUICK_IGNORES) test

test-loaded:
	@tools/setup.sh test
	@PYTHONDONTWRITEBYTECODE= ./env.sh tools/loaded_runs.sh $(RUNS)

core-check:
	@tools/setup.sh test
	@./env.sh tools/core_check.sh

setup:
	@tools/setup.sh

lint:
	@tools/setup.sh test
	@./env.sh flake8
	@./env.sh ruff check .
	@./env.sh mypy

# Every package of the wheels path with its hashes, written anew.
lock:
	@tools/lock.sh

# What is installed here, as CycloneDX; needs no network.
SBOM ?= sbom.cdx.json
sbom: setup
	@.venv/bin/python tools/sbom.py >"$(SBOM).part" && mv "$(SBOM).part" "$(SBOM)" && echo "$(SBOM)"

# The documentation as a site: docs/site/index.html.
docs:
	@tools/setup.sh docs
	@./env.sh sphinx-build -q -W --keep-going -b html docs docs/site
	@echo docs/site/index.html

clean:
	rm -rf build install log .setup .venv
