# Every command of the project. A bare `make` prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8000
JOBS ?= -1
EVENT ?= tests/events/predict.json
ENV ?= dev
export REASON
TEST_ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
TOOLS := audit checkov sam sbom states
SAM := .sam-venv/bin/sam
CHECKOV := .checkov-venv/bin/checkov
# --skip-download: it would fetch texts on its findings from its vendor. The checks that are not
# wanted are named here, since a template may hold 51,200 bytes. Of functions: 115 a reserved
# concurrency (a parameter; a new account has too few to reserve any), 116 a queue for dead
# letters (the caller waits), 117 a VPC (nothing in one is needed, and joining it would open a path
# into it), 173 a key of our own (the environment holds no secret). Of the gateway: 120 a cache (it
# costs by the hour, a response takes milliseconds), 73 traces (they hold callers' addresses; the
# function is traced instead). It leaves out what a default switches off, so `check` also gives it the
# second stack with all of it on.
CHECKOV_ARGS := --framework cloudformation --skip-download --compact --quiet \
  --skip-check CKV_AWS_115,CKV_AWS_116,CKV_AWS_117,CKV_AWS_120,CKV_AWS_173,CKV_AWS_73
# SAM knows no contexts of docker's: it is handed the host of the current one.
DOCKER_CONTEXT_HOST = DOCKER_HOST="$$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)"
SYFT := .sbom-venv/bin/syft
RELEASE = PATH="$(CURDIR)/$(dir $(SAM)):$$PATH" .release-venv/bin/python -m deploy
BASE_IMAGE := public.ecr.aws/lambda/python:3.13
TEMPLATES := template.yaml deploy/account.yaml deploy/environment.yaml deploy/supervision.yaml
# What smoke tests compare with. A job that has downloaded model/ needs nothing of training.
MODEL_FOLDER = $(if $(wildcard model/metadata.json),,model)
AUDIT := .audit-venv/bin/pip-audit
export SAM_CLI_TELEMETRY := 0
export DVC_NO_ANALYTICS := 1

## Start here

.PHONY: help
help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} \
	  /^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Set up, get the model, serve it at http://127.0.0.1:8000 (PORT=)
	@model=$$($(BIN)/python -m training model get) && \
	  exec $(BIN)/python -m functions.api --model "$$model" --port $(PORT)

.PHONY: test
test: model .sam-venv/.ready .states-venv/.ready .venv/.compiled ## Set up and run every test (TEST_ARGS="-k curve", COVERAGE=1)
	@$(BIN)/python -m pytest -n auto --dist loadgroup \
	  $(if $(filter 1 true,$(COVERAGE)),--cov --cov-report=term --cov-report=html) $(TEST_ARGS)

## The model

.PHONY: train
train: setup ## Search, fit, judge, write model/ (STUDY=file, DATA=path, JOBS=n)
	@$(BIN)/python -m training train --jobs $(JOBS) $(if $(STUDY),--study "$(STUDY)") $(if $(DATA),--data "$(DATA)")

.PHONY: retrain
retrain: setup ## The whole loop: pull, train, judge, ship (REASON=, SEARCH=n, FORCE="why findings are right")
	@$(BIN)/python -m training retrain --reason "$${REASON:?say why: make retrain REASON=...}" \
	  --jobs $(JOBS) $(if $(SEARCH),--search $(SEARCH)) $(if $(FORCE),--force "$(FORCE)") \
	  || [ $$? -eq 10 ] # kept for want of a gain: no failure

.PHONY: rollback-model rollback
rollback-model: setup ## Restore an earlier model.dvc (REV=a commit); deploy it afterwards
	@$(BIN)/python -m training rollback $(REV)

rollback: rollback-model # the earlier name

.PHONY: serve
serve: setup ## Serve a model folder (MODEL=build/sample/model, PORT=)
	@[ -f "$(or $(MODEL),model)/metadata.json" ] || { echo "serve: no model in $(or $(MODEL),model)/; get one with make run, or make train" >&2; exit 1; }
	@exec $(BIN)/python -m functions.api --model "$(or $(MODEL),model)" --port $(PORT)

.PHONY: openapi
openapi: model ## Write docs/openapi.json, and name what it breaks for clients (BASE=revision)
	@$(BIN)/python -m functions.api --model model --openapi > docs/openapi.json
	@$(BIN)/python -m deploy.openapi_changes "$(BASE)"

.PHONY: model
model: setup # get a model if there is none yet
	@$(BIN)/python -m training model get >/dev/null

## The Lambda image

.PHONY: image
image: model .sam-venv/.ready ## Build the image (sam build; needs Docker)
	@docker info >/dev/null 2>&1 || { echo "image: no Docker Engine is running; start one first" >&2; exit 1; }
	@$(DOCKER_CONTEXT_HOST) $(SAM) build

# The digest of the registry's index: one for both architectures.
.PHONY: pin-base
pin-base: ## Pin Lambda's base image in Dockerfile.lambda by its current digest (needs Docker)
	@mkdir -p build && docker pull --quiet $(BASE_IMAGE) >/dev/null
	@pinned=$$(docker image inspect --format '{{index .RepoDigests 0}}' $(BASE_IMAGE)) && \
	  sed "s|^FROM .*|FROM $(BASE_IMAGE)@$${pinned#*@}|" Dockerfile.lambda >build/pinned && \
	  mv build/pinned Dockerfile.lambda && grep ^FROM Dockerfile.lambda

# What the image lacks to answer HTTP is laid over it: uvicorn, as the development lock pins it.
.PHONY: run-image
run-image: image ## Build it and serve its app over HTTP, without events (PORT=)
	@mkdir -p build/run-image
	@awk '/^[a-z0-9]/ {on = /^(uvicorn|h11|click)==/} on' requirements-dev.txt >build/run-image/requirements.txt
	@printf '%s\n' 'FROM predictfunction:latest' 'COPY requirements.txt /tmp/' \
	  'RUN pip install --quiet --no-deps --require-hashes --root-user-action=ignore --target /opt/http --requirement /tmp/requirements.txt' \
	  'ENV PYTHONPATH=/opt/http' \
	  'ENTRYPOINT ["python", "-m", "functions.api", "--model", "model", "--host", "0.0.0.0"]' \
	  | docker build --quiet --tag predictfunction:http --file - build/run-image >/dev/null
	@exec docker run --rm --init --publish 127.0.0.1:$(PORT):$(PORT) predictfunction:http --port $(PORT)

.PHONY: event
event:
	@[ -f "$(EVENT)" ] || { echo "invoke: there is no event $(EVENT); name one of tests/events/*.json: make invoke EVENT=…" >&2; exit 1; }

.PHONY: invoke
invoke: event image ## Build it and run it on one gateway event (EVENT=tests/events/….json)
	@$(DOCKER_CONTEXT_HOST) $(SAM) local invoke PredictFunction --event $(EVENT)

.PHONY: local-api
local-api: image ## Build it and serve it over HTTP as API Gateway would (PORT=)
	@$(DOCKER_CONTEXT_HOST) $(SAM) local start-api --port $(PORT) --warm-containers EAGER

.PHONY: smoke-local
smoke-local: image .release-venv/.ready ## Build it and run the smoke tests against it under sam local (PORT=)
	@mkdir -p build
	@$(DOCKER_CONTEXT_HOST) $(SAM) local start-api --port $(PORT) --warm-containers EAGER >build/start-api.log 2>&1 & api=$$!; \
	  trap 'kill $$api; wait $$api || true' EXIT; \
	  $(RELEASE) smoke http://127.0.0.1:$(PORT) || { cat build/start-api.log >&2; exit 1; }

.PHONY: sbom
sbom: .sbom-venv/.ready ## Write the bill of materials of the built image, build/sbom.json
	@mkdir -p build
	@SYFT_CHECK_FOR_APP_UPDATE=false $(SYFT) scan --quiet docker:predictfunction:latest \
	  --output cyclonedx-json=build/sbom.json

## In AWS (docs/deploy.md)

.PHONY: bootstrap
bootstrap: release-tools ## Prepare the account for ENV (REPOSITORY=OWNER/NAME, BUDGET=dollars, LEGACY_SUBJECT=1)
	@$(RELEASE) bootstrap $(ENV) $(if $(REPOSITORY),--repository "$(REPOSITORY)") \
	  $(if $(BUDGET),--monthly-budget $(BUDGET)) $(if $(filter 1 true,$(LEGACY_SUBJECT)),--legacy-subject)

.PHONY: deploy
deploy: $(if $(IMAGE),,model) release-tools ## Build, push, deploy this commit (ENV=dev, staging or prod; IMAGE=a digest)
	@$(if $(IMAGE),:,$(BIN)/python -m training model verify)
	@$(DOCKER_CONTEXT_HOST) $(RELEASE) deploy $(ENV) $(if $(IMAGE),--image "$(IMAGE)")

# The key is passed in the environment: other users can see a command line.
.PHONY: smoke
smoke: export API_KEY := $(or $(KEY),$(API_KEY))
smoke: $(MODEL_FOLDER) .release-venv/.ready ## Run the smoke tests against a deployed API (URL= KEY=, or ENV=)
	@$(RELEASE) smoke "$(or $(URL),$(ENV))"

.PHONY: rollback-release undo
rollback-release: .release-venv/.ready ## Deploy an earlier image again (ENV=, IMAGE=a digest, NOW=1: all traffic at once)
	@$(RELEASE) rollback $(ENV) $(if $(IMAGE),"$(IMAGE)") $(if $(filter 1 true,$(NOW)),--now)

undo: rollback-release # the earlier name

# A job installs these before it signs in to AWS.
.PHONY: release-tools
release-tools: .release-venv/.ready .sam-venv/.ready

.PHONY: logs
logs: .sam-venv/.ready ## Follow the logs of a stack (ENV=)
	@$(SAM) logs --config-env $(ENV) --tail

.PHONY: destroy
destroy: .release-venv/.ready ## Delete a stack once its name is typed (ENV=, CONFIRM=its name)
	@$(RELEASE) destroy $(ENV) $(if $(CONFIRM),--confirm "$(CONFIRM)")

## Care

.PHONY: format
format: setup ## Format the code and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: check
check: .sam-venv/.ready .checkov-venv/.ready ## Lint, types, imports, templates, workflows, breaks of the API (BASE=revision)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint $(TEMPLATES)
	@$(SAM) validate --lint --region eu-west-1 >/dev/null
	@mkdir -p build && sed 's/Default: "off"/Default: "on"/' deploy/supervision.yaml >build/supervision.yaml
	@$(CHECKOV) $(CHECKOV_ARGS) --file $(TEMPLATES) build/supervision.yaml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/zizmor --offline --quiet --min-severity low .github/workflows
	@$(BIN)/python -m deploy.openapi_changes "$(BASE)"

# --strict: a package that the source of advisories does not list is an error, not a pass.
.PHONY: audit
audit: .audit-venv/.ready ## Look up known vulnerabilities of what is served (needs the network)
	@$(AUDIT) --strict --disable-pip --require-hashes --progress-spinner off \
	  --requirement functions/requirements.txt

.PHONY: bench
bench: model .sam-venv/.ready .venv/.compiled ## Measure the handler beside a naive peer and a floor (QUICK=1)
	@$(BIN)/python -m bench run $(if $(QUICK),--quick)

.PHONY: bench-servers
bench-servers: setup ## The naive model behind BentoML, LitServe and MLflow (downloads them)
	@$(BIN)/python -m bench servers

.PHONY: demo-loop
demo-loop: setup ## The whole loop here, in a simulated world: serve, drift, alarm, retrain, gate (three minutes)
	@$(BIN)/python -m bench.demo

.PHONY: lock
lock: setup ## Resolve the locks again (keeps what still fits; UPGRADE=1 takes the newest)
	@bash .ci/lock $(if $(UPGRADE),--upgrade)

.PHONY: notebooks
notebooks: setup ## Open the notebooks in JupyterLab, which is brought in for it alone
	@$(BIN)/uv run --no-project --with jupyterlab --with ipywidgets jupyter lab notebooks

.PHONY: rendered-notebooks
rendered-notebooks: setup ## Run the notebooks and write what they show into docs/notebooks/
	@export PYTHONWARNINGS=ignore; rm -rf docs/notebooks && for name in data model; do \
	  $(BIN)/uv run --no-project --python $(BIN)/python --with nbconvert --with ipykernel jupyter-nbconvert \
	    --to markdown --execute --no-input --log-level ERROR --output-dir docs/notebooks notebooks/$$name.ipynb && \
	  sed -i -e 's/ style="[^"]*"//' -e '/^<pre><.pre>$$/d' -e '/^<pre>/,/^<.pre>/d' -e '/<style scoped>/,/<\/style>/d' -e 's#](../docs/#](../#g' docs/notebooks/$$name.md; done

.PHONY: clean
clean: ## Remove what was built (not data/, not model/)
	@rm -rf .venv .release-venv $(TOOLS:%=.%-venv) .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis
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

# What one command alone needs is a tool with an environment of its own: such tools pin their
# dependencies tightly, and would hold back ours.
$(TOOLS:%=.%-venv/.ready): .%-venv/.ready: .ci/%-requirements.txt .ci/venv
	@bash .ci/venv .$*-venv $<
	@touch $@

.release-venv/.ready: deploy/requirements.txt .ci/venv
	@bash .ci/venv .release-venv $<
	@touch $@
