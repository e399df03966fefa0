# `make run`: all rows of the table on the embedded default. `make test`: the tests. `make bench`: what each part costs.
PYTHON ?= python3
CONFIG ?= configs/tiny.yaml
ARGS ?=
DATASET ?=

# A path may have spaces: the shell reads it, not make. In ARGS, write `$$` for a `$`.
export CONFIG DATASET

run: .venv/ready
	.venv/bin/python -m pauselib.workflow "$$CONFIG" $(if $(DATASET),"DATASET=$$DATASET") $(ARGS)

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
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@# It compiles a grammar for a second whenever papermill starts, to check a format that nothing here has.
	.venv/bin/python -m pip uninstall --quiet --yes rfc3987-syntax lark
	touch .venv/ready

.PHONY: run test bench lint lab
