# make run      set up and start the graph: microphone, or a demonstration recording without one
# make run SOURCE=path.wav|mic|demo
# make test     set up and run all tests
# make setup    set up only
SOURCE ?=

.PHONY: run test setup lint clean

run: setup
	@./env.sh baby-cry-live $(SOURCE)

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
