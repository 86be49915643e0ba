# Every target sets up what it needs by itself: a virtual environment in .venv from requirements.lock.
# The lock names every package, so nothing is resolved (--no-deps): an older pip, resolving, takes the newest release
# of a package that another asks for with an extra, and then refuses it for having no pin. `pip check` proves the lock whole.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
MEMBERS := daemon tui plugins/oms_default plugins/wms_default

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "crossdock needs Python 3.11 or newer; name one with PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv (once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	@$(BIN)/python -m pip --disable-pip-version-check check > /dev/null || { $(BIN)/python -m pip check; exit 1; }
	@touch $@

.PHONY: setup
setup: .venv/.ready ## make the virtual environment

CYCLES ?= 25
SEEDS ?= 200

ORDERS_PY ?= ../shared/data/orders.py

.PHONY: replay
replay: .venv/.ready ## replay a real year of orders (needs the program that writes the stream: ORDERS_PY=…)
	@$(BIN)/python -m crossdock.testing.replay --orders-py $(ORDERS_PY)

YARDSTICK ?= ../shared/bench
RUNS ?= 1

.PHONY: bench
bench: .venv/.ready ## measure the daemon beside a hand-written program (needs the yardstick: YARDSTICK=…)
	@$(BIN)/python benchmarks/bench.py --yardstick $(YARDSTICK) --runs $(RUNS) $(if $(ONLY),--only $(ONLY))

.PHONY: sim
sim: .venv/.ready ## simulate SEEDS runs of the core with faults and crashes on a virtual clock
	@$(BIN)/python -m crossdock.testing.simulation --seeds $(SEEDS)

.PHONY: mutants
mutants: .venv/.ready ## plant twelve faults, and some beyond the push of orders, and see that the simulation finds each
	@$(BIN)/python -m crossdock.testing.simulation.mutants

.PHONY: chaos
chaos: .venv/.ready ## kill the daemon CYCLES times and check the warehouses' books
	@$(BIN)/python -m crossdock.testing.chaos --cycles $(CYCLES)

.PHONY: demo
demo: .venv/.ready ## a working day through sandbox systems with faults, in a terminal with the dashboard on it; checked at the end
	@$(BIN)/crossdock demo $(if $(PLAIN),--plain)

.PHONY: screenshots
screenshots: .venv/.ready ## pictures of every screen of the dashboard for the documentation, of a living demo
	@$(BIN)/python scripts/screenshots.py docs/images

.PHONY: tui-tour
tui-tour: .venv/.ready ## an operator's morning at the dashboard in a real terminal (tmux), each screen kept in build/tour
	@$(BIN)/python scripts/tour.py build/tour

.PHONY: lint
lint: .venv/.ready ## code style, types and import walls
	@mkdir -p build
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > build/walls.txt 2>&1 || { cat build/walls.txt; exit 1; }
	@echo "lint, types and walls: nothing wrong"

.PHONY: test
test: lint ## the tests, lint, types and walls
	@$(BIN)/pytest -q -n 3 --dist loadfile -m "not walk" tests

.PHONY: walks
walks: .venv/.ready ## the long tests, which go over every screen of the dashboard in every size, language and theme
	@$(BIN)/pytest -q -n 2 --dist load -m walk tests

.PHONY: behaviours
behaviours: .venv/.ready ## which tests prove which behaviour and promise
	@$(BIN)/python tests/behaviours.py

.PHONY: catalogues
catalogues: .venv/.ready ## add new texts of the dashboard to its catalogues, and compile them
	@$(BIN)/python -m tests.tui.catalogue

.PHONY: lock
lock: .venv/.ready ## pin the newest allowed versions again, with hashes
	uv pip compile --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --group pyproject.toml:dev daemon/pyproject.toml tui/pyproject.toml --no-emit-package crossdock -o requirements.lock
