# Everything a developer types. `make help` lists it.
# Debian's own interpreter is built with profile-guided optimisation: half as fast again as one that is not.
PY ?= $(firstword $(wildcard /usr/bin/python3) python3)
BIN := .venv/bin
WEB := services/gateway/web
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.venv/bytecode

.PHONY: help setup run test bench lint fmt lock contracts words clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: .venv/.ok $(WEB)/static/manifest.json ## bring up the whole district here: servers, services, demo; Ctrl-C stops it
	@$(BIN)/menshen up

test: lint .venv/.browser ## lint, types, import rules and every test, on real servers
	$(BIN)/python -m pytest

bench: .venv/.ok $(WEB)/static/manifest.json .venv/.wrk ## measure against floors, into .menshen/bench.json; takes most of an hour
	$(BIN)/menshen bench

lint: .venv/.ok $(WEB)/static/manifest.json ## ruff, mypy --strict, import-linter, released contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/menshen contracts check
	node_modules/@biomejs/cli-linux-x64/biome ci --error-on-warnings $(WEB)

fmt: .venv/.ok ## put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contracts: .venv/.ok ## write docs/asyncapi.json and release the event contracts
	$(BIN)/menshen contracts export

lock: .venv/.ok ## resolve the dependencies again and lock them with hashes
	rm -f package-lock.json && sh deploy/assets.sh lock
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml --group servers --group dev -o requirements-dev.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 --group assets -o deploy/node.txt

setup: .venv/.ok ## install what the project needs: system packages, then the locked Python packages

.venv/.ok: requirements-dev.txt pyproject.toml deploy/setup.sh deploy/uv.txt deploy/node.txt
	@sh deploy/setup.sh $(PY)

.venv/.browser: .venv/.ok
	@sh deploy/setup.sh $(PY) browser
	@touch $@

.venv/.wrk: .venv/.ok
	@sh deploy/setup.sh $(PY) bench
	@touch $@

$(WEB)/static/manifest.json: .venv/.ok package-lock.json $(WEB)/build.mjs $(shell find $(WEB)/src -type f)
	@sh deploy/assets.sh build

clean: ## remove the virtual environment and all local data
	rm -rf .venv .menshen node_modules $(WEB)/static

words: .venv/.ok ## bring the screens' catalogues up to date with their templates
	cd $(WEB) && $(CURDIR)/$(BIN)/pybabel -q extract --no-location --omit-header -F babel.cfg -o words.pot .
	cd $(WEB) && for locale in zh_CN en; do $(CURDIR)/$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --no-wrap --omit-header -i words.pot -d locales -l $$locale; done
	rm $(WEB)/words.pot
