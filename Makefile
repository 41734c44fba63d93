# `make` alone lists the tasks. PORT, STATE, DATA and EXECUTE change what `run` and `demo` do; SELECT is for pytest.
PYTHON  ?= python3
PORT    ?= 8080
STATE   ?= .aegis
DATA    ?=
EXECUTE ?=
SBOM    ?= sbom

# make takes any name for a variable, and one that it does not know changes nothing.
$(foreach name,python port state data execute registry kubectl select sbom,$(if $(findstring command line,$(origin $(name))),\
  $(error $(name)=… changes nothing here: write it in capitals, $(shell echo $(name) | tr a-z A-Z)=$($(name)))))

# As one word of a shell's.
quoted = '$(subst ','\'',$(1))'

BIN         := .venv/bin
INSTALLED   := .venv/.installed
SOURCES     := shared/aegis functions sandbox tools tests benchmarks
FUNCTIONS   := $(patsubst functions/%/requirements.in,%,$(wildcard functions/*/requirements.in))
COMPILE     := $(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11
BOM         := $(BIN)/python -W ignore::UserWarning -m cyclonedx_py
BOM_ARGS    := --output-reproducible --pyproject pyproject.toml
SANDBOX     := $(BIN)/python -m sandbox
SANDBOX_ARGS = --port $(call quoted,$(PORT)) --state-dir $(call quoted,$(STATE)) \
  $(if $(DATA),--data $(call quoted,$(DATA))) $(if $(filter-out 0 no false,$(EXECUTE)),--execute)

export PYTHONPATH := $(CURDIR):$(CURDIR)/shared

.DEFAULT_GOAL := help
.PHONY: help setup run demo test fuzz programs cluster cluster-down test-cluster images deploy e2e loop conformance bench bench-cluster crds check-crds lint types licences audit sbom check lock clean

help: ## List the tasks
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  PORT=8080 is where run and demo listen, STATE=.aegis the folder they write to (one sandbox each);"
	@echo "  DATA=file.db keeps what they store; EXECUTE=1 runs containers as local processes"

setup: $(INSTALLED) ## Make .venv and install what requirements.txt pins

$(INSTALLED): requirements.txt
	@$(call quoted,$(PYTHON)) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(call quoted,$(PYTHON)) --version 2>&1). Name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(call quoted,$(PYTHON)) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment (on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "installing what requirements.txt pins into .venv (the first time only) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

run: setup ## Start the sandbox, show one alert's life, and go on serving until Ctrl-C
	@exec $(SANDBOX) run $(SANDBOX_ARGS)

demo: setup ## The same, but end with the alert: exit 0 when it Succeeded
	@exec $(SANDBOX) demo $(SANDBOX_ARGS)

test: setup ## Run the whole test suite
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

fuzz: setup ## Send the functions what nobody should, for FUZZ_SECONDS (60)
	@$(BIN)/python -m pytest -q tests/fuzz

programs: setup ## Build the programs of such a cluster, and start nothing
	@$(BIN)/python -m tests.cluster build

cluster: setup ## Start a real two-node cluster with Knative and Argo on this machine (Linux, root)
	@$(BIN)/python -m tests.cluster up

cluster-down: setup ## Stop it, and remove all of it but the programs and images
	@$(BIN)/python -m tests.cluster down

test-cluster: setup ## Test that starting and stopping it leaves nothing behind; where one is up, that is skipped
	@$(BIN)/python -m pytest -q tests/cluster $(SELECT)

images: setup ## Build the container images; push them to REGISTRY, or to that cluster
	@$(BIN)/python -m tools.images $(if $(REGISTRY),--registry $(call quoted,$(REGISTRY))) \
	  $(if $(KUBECTL),--kubectl $(call quoted,$(KUBECTL)))

deploy loop conformance bench-cluster: export KUBECONFIG ?= $(or $(AEGIS_CLUSTER_HOME),$(HOME)/.cache/aegis-cluster)/state/kubeconfig
deploy: setup ## Apply crds/, knative/ and eventing/ to the cluster that KUBECONFIG names
	@$(BIN)/python -m tools.deploy

e2e: loop conformance ## Run the suites that need a cluster with Aegis deployed, on the one that KUBECONFIG names

loop: setup ## The first of them: Aegis as its users meet it, from alert to outcome
	@$(BIN)/python -m pytest -q tests/e2e $(SELECT)

conformance: setup ## The second: ask of that cluster's API server and Knative what the tests ask of the sandbox's
	@AEGIS_CONFORMANCE_KUBECONFIG="$$KUBECONFIG" $(BIN)/python -m pytest -q tests/conformance -k real

bench: setup ## Measure, print, and save benchmarks/results/*.json
	@$(BIN)/python -m benchmarks

bench-cluster: setup ## The same with Aegis on the cluster that KUBECONFIG names, beside a bare client of its API server
	@$(BIN)/python -m benchmarks.cluster

crds: setup ## Write crds/ from the models in shared/aegis/models
	@$(BIN)/python -m tools.crds

check-crds: setup ## Fail when crds/ is not what the models say
	@$(BIN)/python -m tools.crds --check

lint: setup ## Check style, formatting and which package may import which
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

types: setup ## Check the types, tests too
	@$(BIN)/python -m mypy $(SOURCES)

licences: setup ## Check the licences of what is installed against the allow-list in tools/licences.py
	@$(BIN)/python -m tools.licences

audit: setup ## Ask OSV for known vulnerabilities of what is pinned; offline that is skipped
	@$(BIN)/python -m tools.audit

sbom: $(FUNCTIONS:%=$(SBOM)/%.cdx.json) $(SBOM)/development.cdx.json ## Write sbom/*.cdx.json (CycloneDX): what each function's image installs, and development
	@echo "written to $(SBOM)"

$(SBOM)/%.cdx.json: functions/%/requirements.txt | setup
	@mkdir -p $(@D)
	@$(BOM) requirements $(BOM_ARGS) --output-file $@ $<

$(SBOM)/development.cdx.json: requirements.txt | setup
	@mkdir -p $(@D)
	@$(BOM) environment $(BOM_ARGS) --output-file $@

check: test lint types licences check-crds ## Everything that a commit must pass

lock: setup ## Pin again what the requirements.in files ask for
	@$(COMPILE) requirements.in -o requirements.txt
	@for function in $(FUNCTIONS); do \
	  $(COMPILE) --constraint requirements.txt functions/$$function/requirements.in -o functions/$$function/requirements.txt || exit 1; \
	done

clean: ## Remove .venv, the sandbox's state and every cache
	rm -rf .venv .aegis .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache benchmarks/results sbom
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
