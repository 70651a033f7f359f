# Everything begins here; `make` alone tells what there is. Each target first sets up what it needs
# (deploy/setup.sh), which takes a second when nothing changed.

# Another Python than the environment's own, or than python3: make PYTHON=python3.13 test
PYTHON ?=
# More for pytest: make test ARGS='tests/rules -k late'
ARGS ?=
VENV := .venv

export PYTHON
.PHONY: help run test check bench faults clean
.NOTPARALLEL:

help:
	@echo 'make run    set everything up, start the centre and one simulated terminal (Ctrl-C ends both)'
	@echo 'make test   set everything up, pass the tests'
	@echo 'make check  style, types, imports between the rooms, documentation'
	@echo 'make bench  how fast faces are recognised, events written, sent, taken in and replayed, on this machine'
	@echo 'make faults makes every fault happen at length (an hour or two, as root) and prints what was lost'
	@echo 'make clean  remove what make made here, and nothing else'

run:
	@deploy/setup.sh run
	@$(VENV)/bin/python -m deploy.demo

test:
	@deploy/setup.sh test
	@$(VENV)/bin/python -m pytest $(ARGS)

check:
	@deploy/setup.sh check
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	@$(VENV)/bin/python -m pytest --quiet tests/health

bench:
	@deploy/setup.sh bench
	@$(VENV)/bin/python -m tests.bench

faults:
	@deploy/setup.sh faults
	@$(VENV)/bin/python -m tests.faults $(ARGS)

clean:
	@deploy/clean.sh
