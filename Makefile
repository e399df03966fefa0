# `make run`: all rows of the table on the embedded default. `make test`: the tests. `make bench`: what each part costs.
PYTHON ?= python3
CONFIG ?= configs/tiny.yaml
ARGS ?=
DATASET ?=

# A path may have spaces: the shell reads it, not make. In ARGS, write `$$` for a `$`.
export CONFIG DATASET

run: .venv/ready
	.venv/bin/python -m pauselib.workflow "$$CONFIG" $(if $(DATASET),"DATASET=$$DATASET") $(value ARGS)

test: .venv/ready
	.venv/bin/python -m pytest $(ARGS)

bench: .venv/ready
	.venv/bin/python -m benchmarks $(if $(DATASET),--dataset "$$DATASET") $(ARGS)

lint: .venv/ready
	.venv/bin/ruff check . && .venv/bin/ruff format --check .

lab: .venv/ready
	.venv/bin/jupyter lab --notebook-dir . notebooks/start.ipynb

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.11 run')"
	$(PYTHON) -m venv .venv
	$(MAKE) install PYTHON=.venv/bin/python
	touch .venv/ready

# The lock by its hashes, then this project and what torch's file for a GPU needs besides; also into a conda environment.
install:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable .
	etc=$$($(PYTHON) -c "import sys; print(sys.prefix)")/etc/ipython && mkdir -p $$etc && cp configs/ipython_kernel_config.py $$etc

.PHONY: run install test bench lint lab
