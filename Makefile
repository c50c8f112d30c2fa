# The tasks live in make.py, which also runs where there is no make.
PYTHON ?= python3
TASKS = learn test book solutions sync grade

.PHONY: help $(TASKS)
help:
	@echo "make learn | test | book | solutions | sync | grade"

$(TASKS):
	@$(PYTHON) make.py $@
