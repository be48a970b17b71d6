# Two commands do everything: `make run` and `make test`. Both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# in the order of collection, which puts long files first
SPREAD := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run setup test test-deep bench charts docs lint lint-python lint-sql dashboard dagster sample lock clean

run: setup
	@$(BIN)/postorder run

setup: $(READY)

# pip cannot install this lock by hash (one package is required with and without an
# extra), so pip brings uv and uv brings the rest
$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Postorder needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-uv.lock
	@echo "Installing from requirements.lock ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(READY)

test: setup
	@$(BIN)/python -m pytest -m "not deep" -q $(SPREAD)

test-deep: setup
	@$(BIN)/python -m pytest -q $(SPREAD)

bench: setup
	@$(BIN)/python -m tests.bench

charts: setup
	@$(BIN)/python -m tests.ingestion.simulator.charts charts.png

docs: setup
	@$(BIN)/python -m ingestion.contract.reference
	@$(BIN)/python -m tests.gate.page

# apart, so that `make -j2 lint` takes half the time
lint: lint-python lint-sql

lint-python: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports --no-cache \
		&& $(BIN)/mypy

lint-sql: setup
	@$(BIN)/sqlfluff lint -q dbt_project/models

dashboard: setup
	@$(BIN)/postorder dashboard

dagster: setup
	@$(BIN)/postorder dagster

sample: setup
	@$(BIN)/postorder simulate --sample

lock: setup
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
	@echo uv | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header -q -o requirements-uv.lock

clean:
	@rm -rf $(VENV) dbt_project/target dbt_project/logs
