# The front door: `make` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
LINLI := .venv/bin/linli
CODE := services shared linli clients tests benchmarks

# SERVICE=ordering narrows the test targets to one service.
SERVICE ?= *
# ARGS=… is handed on to the command behind the target.
ARGS ?=

##@ Run
run: setup-runtime ## the whole platform in one process, with demo data; nothing but Python needed
	@$(LINLI) run $(ARGS)
up: setup-runtime ## one process a service on RabbitMQ, PostgreSQL and Redis; returns when ready
	@$(LINLI) up --detach $(ARGS)
down: setup-runtime ## stop what `make up` started
	@$(LINLI) down $(ARGS)
logs: ## follow the logs of `make up`
	@tail -n 50 -F .linli/full/log/*.log

##@ Work
setup: ## make .venv with everything that running and testing need
	@deploy/setup dev
setup-runtime:
	@deploy/setup runtime
setup-analysis: ## what `linli events export` and `linli events stats` need besides
	@deploy/setup analysis
setup-kernel: ## what compiles the planner's engine besides: plans some twenty times as fast
	@deploy/setup kernel
setup-slots: ## PyVRP besides: plans slots hours ahead, and is the yardstick of `linli bench lilim`
	@deploy/setup slots
setup-wechat: ## WeChat Pay's library besides, for ordering where `LINLI_PAYMENT_METHODS` names wechat
	@deploy/setup wechat
fmt: setup ## format and mend what can be mended
	@$(PYTHON) -m ruff check --fix-only --quiet $(CODE); $(PYTHON) -m ruff format $(CODE)
check: setup check-fast ## format, lint, types and import contracts
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
check-fast: setup ## format and lint
	@$(PYTHON) -m ruff format --check $(CODE)
	@$(PYTHON) -m ruff check $(CODE)
docs: setup ## write the generated documents again
	@$(PYTHON) -m linli.documents $(ARGS)
lock: setup ## compile requirements*.txt to hashed locks
	@deploy/lock

##@ Test
test: setup servers ## everything, on real servers
	@$(PYTHON) -m pytest $(ARGS)
test-unit: setup ## rules and contracts, no server
	@$(PYTHON) -m pytest tests/$(SERVICE)/unit tests/$(SERVICE)/contract tests/architecture $(ARGS)
test-integration: setup servers ## adapters and consumers on real servers
	@$(PYTHON) -m pytest tests/$(SERVICE)/integration tests/stack $(ARGS)
test-journeys: setup servers ## orders from basket to ledger, over the composed platform
	@$(PYTHON) -m pytest tests/journeys $(ARGS)
trust: setup servers ## the proof of trust: half an hour of load and 200 faults, then every order is judged
	@$(PYTHON) -m tests.trust full $(ARGS)
laws: setup ## a hundred thousand random lives of orders, each checked against the laws of money after every step
	@$(PYTHON) -m tests.laws $(ARGS)
trust-smoke: setup servers ## the same in little, as `make test` has it
	@$(PYTHON) -m tests.trust smoke $(ARGS)
servers:
	@deploy/provide-servers

##@ Data
migrate: setup-runtime ## bring every service's database up to date
	@$(LINLI) migrate $(ARGS)
migration: setup ## an empty migration: make migration SERVICE=ordering NAME=expand_add_note
	@$(PYTHON) -m linli.migration $(SERVICE) $(NAME)

##@ Deliver
image: ## the image of one service: make image SERVICE=ordering
	docker build -f deploy/service.Dockerfile --build-arg SERVICE=$(SERVICE) -t linli/$(SERVICE) .
images: ## the images of all services
	for s in services/*/; do $(MAKE) image SERVICE=$$(basename $$s) || exit; done
clean: ## remove caches (never data)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' Makefile

.PHONY: run up down logs setup setup-runtime setup-kernel setup-slots setup-wechat setup-analysis fmt check check-fast docs lock test test-unit test-integration \
  test-journeys trust trust-smoke servers migrate migration image images clean help
