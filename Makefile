# make run        all rows of the table: CONFIG=configs/tiny.yaml, ARGS="name=value ..." for settings, DATASET=a/folder
# make test       the tests: ARGS="tests/test_workflow.py -q" for some
# make test-long  those of minutes: kills, Slurm, every configuration
# make bench      what each part costs
# make lint       what ruff finds
# make lab        JupyterLab on the first notebook: ARGS="--no-browser" for options of Jupyter
PYTHON ?= python3
CONFIG ?= configs/tiny.yaml
ARGS ?=
DATASET ?=

# A path may have spaces: the shell reads it, not make. In ARGS a `$` stays as it is for `make run`; for the others write `$$`.
export CONFIG DATASET

help:
	@sed -n 's/^# make/make/p' Makefile

run: .venv/ready
	.venv/bin/python -m pauselib.workflow "$$CONFIG" $(if $(DATASET),"DATASET=$$DATASET") $(value ARGS)

test: .venv/ready
	.venv/bin/python -m pytest -m "not long" -n 2 --dist loadfile $(ARGS)

test-long: .venv/ready
	.venv/bin/python -m pytest -m long -n 2 --dist loadfile $(ARGS)

bench: .venv/ready
	.venv/bin/python -m benchmarks $(if $(DATASET),--dataset "$$DATASET") $(ARGS)

lint: .venv/ready
	.venv/bin/ruff check . && .venv/bin/ruff format --check .

lab: .venv/ready
	.venv/bin/jupyter lab --notebook-dir . notebooks/start.ipynb $(ARGS)

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.11 run')"
	$(PYTHON) -m venv .venv
	$(MAKE) install PYTHON=.venv/bin/python
	touch .venv/ready

# The lock by its hashes, then this project and what torch's file for a GPU needs besides; also into a conda environment.
# There, JupyterLab does not ask whether it may fetch news.
install:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable .
	etc=$$($(PYTHON) -c "import sys; print(sys.prefix)")/etc/ipython && mkdir -p "$$etc" && cp configs/ipython_kernel_config.py "$$etc"
	$(PYTHON) -m jupyterlab.labextensions disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements"

.PHONY: help run install test test-long bench lint lab
