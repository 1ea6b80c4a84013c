# Everything a developer or a machine does with Amends. Nothing that is up to date is done again.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# The two environments and the system packages are made at the same time.
MAKEFLAGS += --jobs=3
# Python keeps the bytecode of what it loads, also on machines that are set not to: compiling Rasa anew takes longer than
# all else at its start. Only what is loaded, since the bot's environment holds several times as much.
export PYTHONDONTWRITEBYTECODE :=

PYTHON := .venv/bin/python
BOT_PYTHON := bot/.venv/bin/python
# The distribution's own interpreter where there is one: it is built with profile-guided optimisation. What a version manager
# has compiled on the spot mostly is not, and is slower at everything (docs/decisions/0031).
BASE_PYTHON := $(or $(wildcard /usr/bin/python3.11),3.11)
UV := .tools/bin/uv
VAR := $(or $(AMENDS_VAR),var)
# The demo has a state of its own, in SQLite, whatever database the service itself uses.
DEMO = env -u AMENDS_DATABASE_URL -u AMENDS_DATABASE_URL_FILE AMENDS_VAR="$(VAR)/demo"

.PHONY: help setup run demo train test test-system lint format bench evaluate wechat-sim screenshots screens clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready bot/.venv/.ready ## make both environments from the hashed pins

run: setup ## serve everything on one machine; Ctrl-C stops all
	@model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && exec $(PYTHON) -m desk run --model "$$model"

demo: setup $(VAR)/demo/.simulated ## the service over a made-up history, apart from your own data; Ctrl-C stops all
	@echo "dashboards http://$${AMENDS_BIND:-127.0.0.1:8080}/desk/analytics"
	@echo "a new password: AMENDS_VAR=$(VAR)/demo $(PYTHON) -m desk users reset admin"
	@model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && exec $(DEMO) $(PYTHON) -m desk run --model "$$model"

# Written once. A history that was cut short is made anew; nothing but the demo's own database is touched.
$(VAR)/demo/.simulated: | .venv/.ready
	@mkdir -p "$(VAR)/demo" && rm -f "$(VAR)"/demo/amends.db*
	@echo "making up a history of more than a year: some minutes, this once"
	@$(DEMO) $(PYTHON) -m store migrate && $(DEMO) $(PYTHON) -m analytics simulate
	@$(DEMO) $(PYTHON) -m desk users add admin --role administrator --name Admin
	@$(DEMO) $(PYTHON) -m desk users add mei --role manager --name Mei
	@touch "$@"

train: setup ## train the model if its inputs changed, then report on it; REPORT=1 reports in any case
	@$(BOT_PYTHON) scripts/train.py "$(VAR)/models" --report "$(VAR)/training_report.json" $(if $(REPORT),--report-always)

# The tests of the service need neither the bot's environment nor a model: both are made, and the bot tested, beside them.
test: .venv/.ready test-system ## run all tests
	@mkdir -p "$(VAR)"; { $(MAKE) --no-print-directory setup && model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && \
	      TEST_MODEL="$$model" $(BOT_PYTHON) -m pytest -q tests/bot; } >"$(VAR)/bot_tests.txt" 2>&1 & bot=$$!; \
	  $(PYTHON) -m pytest -q -n auto --maxprocesses 4 --dist loadfile --ignore=tests/e2e; service=$$?; \
	  wait $$bot; bot=$$?; cat "$(VAR)/bot_tests.txt"; test $$bot = 0 && test $$service = 0 && \
	  model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && \
	  TEST_MODEL="$$model" $(PYTHON) -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder tests/e2e

test-system: ## install the system packages that tests need, where that is allowed
	@scripts/install_system_packages.sh

lint: setup ## check style, types, the direction of imports, and that models and migrations agree
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	$(PYTHON) -m store drift

format: setup ## put the code into the one format
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

evaluate: setup ## measure the understanding on texts it was not trained on, apart from everyday one-liners
	@$(BOT_PYTHON) -m bot.evaluation --out "$(VAR)/evaluate.json" $(ARGUMENTS)

bench: setup test-system .tools/mfgqc/.ready ## slow soaks and benchmarks
	@$(UV) pip install -q --python $(PYTHON) --require-hashes -r tests/bench/requirements.txt
	@model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && TEST_MODEL="$$model" $(PYTHON) -m pytest -q -s tests/bench --override-ini addopts=

wechat-sim: setup ## the service and a simulated WeChat; chat as a customer by hand; Ctrl-C stops all
	@model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && exec $(PYTHON) -m tests.wechat_simulator "$$model"

screenshots: setup test-system $(VAR)/demo/.simulated ## take the pictures of the READMEs anew
	@model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && $(PYTHON) -m scripts.screenshots "$$model" "$(VAR)/demo/amends.db"

screens: setup test-system $(VAR)/demo/.simulated ## take a picture of every page of the desk
	@model=$$($(BOT_PYTHON) scripts/train.py "$(VAR)/models") && $(PYTHON) -m scripts.screens "$$model" "$(VAR)/demo/amends.db"

clean: ## remove environments and caches; the state in $(VAR) stays
	rm -rf .venv bot/.venv .tools .mypy_cache .ruff_cache .pytest_cache .rasa

# An environment is brought up to date only when its pins changed: the stamp is younger than they are then.
.tools/.ready: scripts/uv-requirements.txt
	@command -v python3 >/dev/null || { echo "python3 (3.11 or newer) is needed" >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$(python3 --version)" >&2; exit 1; }
	python3 -m venv .tools
	.tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r scripts/uv-requirements.txt
	@touch $@

# Another package's environment, to compare with; the service never sees it.
.tools/mfgqc/.ready: tests/bench/mfgqc-requirements.txt .tools/.ready
	@test -x .tools/mfgqc/bin/python || $(UV) venv -q --python $(BASE_PYTHON) .tools/mfgqc
	$(UV) pip sync -q --compile-bytecode --python .tools/mfgqc/bin/python --require-hashes $<
	@touch $@

.venv/.ready: requirements.txt .tools/.ready
	@test -x $(PYTHON) || $(UV) venv -q --python $(BASE_PYTHON) .venv
	$(UV) pip sync -q --compile-bytecode --python $(PYTHON) --require-hashes requirements.txt
	@touch $@

bot/.venv/.ready: bot/requirements.txt .tools/.ready
	@test -x $(BOT_PYTHON) || $(UV) venv -q --python 3.10 bot/.venv
	$(UV) pip sync -q --python $(BOT_PYTHON) --require-hashes bot/requirements.txt
	@touch $@
