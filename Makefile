# Every command of the project. A bare `make` prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8000
JOBS ?= -1
EVENT ?= tests/events/predict.json
export REASON
TEST_ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
SAM := .sam-venv/bin/sam
export SAM_CLI_TELEMETRY := 0
export DVC_NO_ANALYTICS := 1

## Start here

.PHONY: help
help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} \
	  /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Set up, get the model, serve it at http://127.0.0.1:8000 (PORT=)
	@model=$$($(BIN)/python -m training model get) && \
	  exec $(BIN)/python -m functions.api --model "$$model" --port $(PORT)

.PHONY: test
test: model $(SAM) .venv/.compiled ## Set up and run every test (TEST_ARGS="-k curve")
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(TEST_ARGS)

## The model

.PHONY: train
train: setup ## Search, fit, judge, write model/ (DATA=path, JOBS=n)
	@$(BIN)/python -m training train --jobs $(JOBS) $(if $(DATA),--data "$(DATA)")

.PHONY: retrain
retrain: setup ## The whole loop: pull, train, judge, ship (REASON=, SEARCH=n, FORCE=1)
	@$(BIN)/python -m training retrain --reason "$${REASON:?say why: make retrain REASON=...}" \
	  --jobs $(JOBS) $(if $(SEARCH),--search $(SEARCH)) $(if $(filter 1 true,$(FORCE)),--force)

.PHONY: rollback
rollback: setup ## Put an earlier model back (REV=a commit)
	@$(BIN)/python -m training rollback $(REV)

.PHONY: serve
serve: setup ## Serve a model folder (MODEL=build/sample/model, PORT=)
	@exec $(BIN)/python -m functions.api --model "$(or $(MODEL),model)" --port $(PORT)

.PHONY: model
model: setup # get a model if there is none yet
	@$(BIN)/python -m training model get >/dev/null

## The Lambda image

.PHONY: image
image: model $(SAM) ## Build the image (sam build; needs Docker)
	@docker info >/dev/null 2>&1 || { echo "image: no Docker Engine answers; start one first" >&2; exit 1; }
	@$(SAM) build

.PHONY: invoke
invoke: $(SAM) ## Run the image on one gateway event (EVENT=tests/events/….json)
	@[ -d .aws-sam/build ] || $(MAKE) image
	@$(SAM) local invoke --event $(EVENT)

.PHONY: local-api
local-api: $(SAM) ## Serve the image over HTTP as API Gateway would (PORT=)
	@[ -d .aws-sam/build ] || $(MAKE) image
	@$(SAM) local start-api --port $(PORT) --warm-containers EAGER

## Care

.PHONY: check
check: setup ## Format, lint, types, template and workflows
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/cfn-lint template.yaml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/zizmor --offline --quiet --min-severity low .github/workflows

.PHONY: bench
bench: model $(SAM) .venv/.compiled ## Measure the handler beside a naive peer and a floor (QUICK=1)
	@$(BIN)/python -m bench run $(if $(QUICK),--quick)

.PHONY: bench-servers
bench-servers: setup ## The naive model behind BentoML, LitServe and MLflow (downloads them)
	@$(BIN)/python -m bench servers

.PHONY: lock
lock: setup ## Resolve the three locks anew (keeps what still fits; UPGRADE=1 takes the newest)
	@bash .ci/lock $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove what was built (not data/, not model/)
	@rm -rf .venv .sam-venv .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, made with whatever Python >= 3.11 this machine has.
.PHONY: setup
setup: $(READY)

$(READY): requirements-dev.txt .ci/venv
	@bash .ci/venv .venv requirements-dev.txt
	@touch $@

# Tests start hundreds of processes: half a minute here saves them several.
.venv/.compiled: $(READY)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements-dev.txt
	@touch $@

# SAM CLI pins its dependencies tightly: a tool of its own, outside .venv.
$(SAM): .ci/sam-requirements.txt .ci/venv | setup
	@bash .ci/venv .sam-venv .ci/sam-requirements.txt
	@touch $@
