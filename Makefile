# Everything a person or CI does with this project. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
TAXI_HOME ?= .taxi
FLEET ?=
MONTHS ?=
SOURCE ?=
BIN := .venv/bin
READY := .venv/.ready
# home, DAGSTER_HOME and MLflow's database as absolute paths: each tool is started from elsewhere
HOME_DIR := $(abspath $(or $(TAXI_HOME),.taxi))
export TAXI_HOME := $(HOME_DIR)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml
	@set -e; uv=$$(command -v uv || true); \
	test -x $(BIN)/python || $(PYTHON) -m venv .venv; \
	test -n "$$uv" || { uv=$(BIN)/uv; $(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt; }; \
	$$uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt && \
	$$uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: $(READY) ## make .venv from the lock files

demo: $(READY) ## months through the whole graph to a quote [SOURCE=tlc] [MONTHS=2025-01..2025-03] [FLEET=green]
	@$(BIN)/taxi-assets demo $(if $(MONTHS),--months $(MONTHS)) $(if $(FLEET),--fleet $(FLEET)) $(if $(SOURCE),--source $(SOURCE))

up: $(READY) ## Dagster, its daemon, MLflow, the API and the console, until Ctrl-C
	@$(BIN)/taxi-assets up

ui: $(READY) ## the Dagster UI on http://127.0.0.1:3000, with its daemon
	@mkdir -p "$(HOME_DIR)/dagster" && cp -n dagster.yaml "$(HOME_DIR)/dagster/"
	DAGSTER_HOME="$(HOME_DIR)/dagster" $(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

mlflow: $(READY) ## MLflow on http://127.0.0.1:5000
	@mkdir -p "$(HOME_DIR)/mlflow"
	$(BIN)/mlflow server --host 127.0.0.1 --port 5000 \
	  --backend-store-uri "sqlite:///$(HOME_DIR)/mlflow/mlflow.db" \
	  --artifacts-destination "$(HOME_DIR)/mlflow/artifacts"

reports: $(READY) ## the index of reports, in a browser [FLEET=green]
	@$(BIN)/taxi-assets reports --open $(if $(FLEET),--fleet $(FLEET))

evidently: $(READY) ## the reports over months in Evidently on http://127.0.0.1:8085
	@mkdir -p "$(HOME_DIR)/evidently"
	DO_NOT_TRACK=1 $(BIN)/evidently ui --host 127.0.0.1 --port 8085 --workspace "$(HOME_DIR)/evidently"

serve: $(READY) ## the prediction API and its page on http://127.0.0.1:8000 [FLEET=green]
	@$(BIN)/taxi-assets serve $(if $(FLEET),--fleet $(FLEET))

console: $(READY) ## the console for analysts on http://127.0.0.1:8501
	$(BIN)/streamlit run serving/console/app.py --server.address 127.0.0.1 --server.port 8501 \
	  --server.headless true --server.fileWatcherType none --browser.gatherUsageStats false \
	  --client.toolbarMode minimal --client.showErrorDetails none

test: $(READY) ## the tests a change needs, in under ten minutes
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: $(READY) ## every test: also kills, servers and slow cities
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(READY) ## ruff
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## mypy
	$(BIN)/mypy

imports: $(READY) ## import contracts
	$(BIN)/lint-imports

coverage: $(READY) ## line and branch coverage
	$(BIN)/pytest -m "not slow" --cov --cov-report=term-missing:skip-covered

bench: $(READY) ## benchmarks: medians and ratios, printed
	@for file in taxi_assets_tests/benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

lock: ## rewrite requirements/*.txt from pyproject.toml
	@for extra in orchestration serving console dev; do \
	  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    --extra $$extra pyproject.toml -o requirements/$$extra.txt || exit 1; done
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  pyproject.toml -o requirements/base.txt
	@echo uv | uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 - -o requirements/uv.txt

clean: ## remove .venv and caches; the data in TAXI_HOME stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info

.PHONY: help setup demo up ui mlflow reports evidently serve console test test-all lint types imports coverage bench lock clean
