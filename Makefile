# Every target sets up what it needs in .venv: only Python >= 3.11 and make have to be there.
PYTHON ?= python3
BIN := .venv/bin
OUT := build/demo

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak eval pages screenshots lock samples demo-model clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (once, about a minute) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: .venv/.ready ## Inspect two real recordings: why one passes and the other fails
	@mkdir -p $(OUT)
	@$(BIN)/huijian inspect audio_samples/weekly_good.opus --html $(OUT)/weekly_good.html --json $(OUT)/weekly_good.json
	@$(BIN)/huijian inspect audio_samples/weekly_poor.opus --html $(OUT)/weekly_poor.html --json $(OUT)/weekly_poor.json
	@echo "Open the full reports: $(OUT)/weekly_good.html and $(OUT)/weekly_poor.html"

# Where Python is told to keep nothing compiled, each process that the tests start would compile all anew.
test: .venv/.ready ## Run all tests (eight to ten minutes on 2 cores)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

check: .venv/.ready ## Format, lint, types, import directions, dead code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@! $(BIN)/vulture | grep -vE '(tables|schemas)\.py:' # columns and fields are read by name

bench: .venv/.ready ## Measure speed and memory as ratios against peers in the same run
	@$(BIN)/python -m tests.evaluation.bench

soak: .venv/.ready ## Kill, starve and flood the service; count what is lost, doubled or late
	@$(BIN)/python -m tests.evaluation.soak
	@$(BIN)/python -m tests.evaluation.soak --backend postgresql
	@$(BIN)/python -m tests.evaluation.outage
	@$(BIN)/python -m tests.evaluation.load
	@$(BIN)/python -m tests.evaluation.conformance

eval: .venv/.ready ## Measure reading and scoring on meetings not trained on; write docs/evaluation.md
	@$(BIN)/python -m tests.evaluation $(if $(MODELS),--models $(MODELS))

pages: .venv/.ready ## Measure time, bytes and memory of the console's screens (needs chromium)
	@$(BIN)/python -m tests.evaluation.pages

screenshots: .venv/.ready ## Take the pictures of the README again (needs chromium)
	@$(BIN)/python -m tests.evaluation.screenshots

samples: .venv/.ready ## Make the sample recordings again from their scripts (needs espeak-ng)
	@$(BIN)/python -m audio_samples.synthesis.make

demo-model: ## Train the demo speech model again (needs espeak-ng; about 3 hours on 2 cores, less with CUDA)
	@$(PYTHON) -m venv build/training
	@build/training/bin/python -m pip install -q torch==2.13.0 transformers==5.24.0 ctranslate2==4.8.5 \
		faster-whisper==1.2.1 tokenizers pypinyin==0.55.0 jieba==0.42.1 scipy av
	@build/training/bin/python -m audio_samples.synthesis.build_model --work build/demo_model

lock: ## Resolve the dependencies again into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-emit-index-url --upgrade -q -o requirements.lock

clean: ## Remove the virtual environment and everything built
	@rm -rf .venv build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
