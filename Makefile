# make run      set up and start the graph: microphone, or a demonstration recording without one
# make run SOURCE=path.wav|mic|demo
# make run SEPARATE=1           the nodes as three processes; one that dies starts again
# make run BEHAVIOURS=1         rocking, sound, alerts and diary too, without a robot
# make soak     the long forms of the reliability tests, with figures (25 to 75 minutes)
# make soak SOAK=--short        a tenth of it; SOAK='--only crashes --kills 5': a part
# make test     set up and run all tests
# make setup    set up only
export SOURCE ?=
SEPARATE ?=
BEHAVIOURS ?=
SOAK ?=

.PHONY: run soak test setup lint clean

run: setup
	@./env.sh baby-cry-live $(if $(filter-out 0,$(SEPARATE)),--separate) \
	  $(if $(filter-out 0,$(BEHAVIOURS)),--behaviours) "$$SOURCE"

soak: setup
	@./env.sh python tools/soak.py $(SOAK)

test:
	@tools/setup.sh test
	@./env.sh pytest -q test

setup:
	@tools/setup.sh

lint:
	@tools/setup.sh test
	@./env.sh flake8 baby_cry_detector test tools benchmarks launch

clean:
	rm -rf build install log .setup .venv
