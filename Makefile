# make compare: the comparison, from nothing to its report. make test: everything that is checked. make help: the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
STUDY ?= compare
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check install
CLAIMS := metrics_and_people cost_of_locations masking_items attention_helps weights_matter cost_of_items
OTHERS := none,random,item_soft,item_hard,location_soft
ATTENTION := $(OTHERS),dram
CELLS := attention=dram attention/policy=context_map
ESTIMATORS := reinforce,nvil,actor_critic,ppo,vimco,reweighted_wake_sleep,inferred_wake_sleep,variational
PLACES := attention=ram,dram_nocontext,dram attention/policy=centre_start_map
SMALL := data.canvas=60 data.clutter=0 look.scales=2
LABELS := digit_pairs,svhn_sample,stanford_dogs_sample
TASKS := $(LABELS),coco_sample

.DEFAULT_GOAL := help
.PHONY: help compare claims matrix estimators report test lint types unit slow clean

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# dram has the policy that won, over cells of the coarse image that its context network reads; by itself the paper's Gaussian.
compare: $(READY) ## every main mechanism, two seeds each, on the embedded digits; ends with the report (about 17 minutes on 2 cores)
	@run="$(BIN)/python -m benchmark.run -m data=digit_pairs seed=0,1 study=$(STUDY)"; \
	$$run $(CELLS); failed=$$?; \
	$$run attention=$(OTHERS) || failed=$$?; \
	$(BIN)/python -m benchmark.report runs/$(STUDY) && exit $$failed

claims: $(READY) ## what some claims of the survey come to, three seeds each; ends with a page (15 minutes on 2 cores)
	@$(BIN)/python -m benchmark.claims run $(CLAIMS) seeds=3

matrix: $(READY) ## 7 mechanisms x 4 tasks, and a CNN x 3, x 5 seeds, in the study of the claims; ends with the report (a night on 2 cores); MNIST=FOLDER: x MNIST pairs x 3 seeds too
	@run="$(BIN)/python -m benchmark.run -m study=claims"; tasks="$$run seed=range(5)"; \
	pairs="$$run seed=range(3) experiment=pairs_equal"; \
	$$tasks data=$(TASKS) attention=$(ATTENTION); failed=$$?; \
	$$tasks data=$(TASKS) $(CELLS) || failed=$$?; \
	$$tasks data=$(LABELS) attention=cnn_strong || failed=$$?; \
	if [ -n "$(MNIST)" ]; then \
	    $$pairs 'data.root=$(MNIST)' attention=$(ATTENTION),cnn_strong || failed=$$?; \
	    $$pairs 'data.root=$(MNIST)' $(CELLS) || failed=$$?; \
	fi; \
	$(BIN)/python -m benchmark.report runs/claims && exit $$failed

# Relax cannot be compiled; relaxed items (gumbel, straight_through) need items, not places of a map.
estimators: $(READY) ## estimators of hard attention's gradient x 4 mechanisms x 5 seeds; ends with the report (7 hours on 2 cores); MNIST=FOLDER: on MNIST pairs of 60 and 100 px too
	@failed=0; train() { $(BIN)/python -m benchmark.run -m "$$@" || failed=$$?; }; \
	compare() { \
	    train "$$@" compilation=inductor attention=item_hard objective=$(ESTIMATORS),gumbel,straight_through; \
	    train "$$@" attention=item_hard objective=relax; \
	    train "$$@" compilation=inductor $(PLACES) objective=$(ESTIMATORS); \
	    train "$$@" $(PLACES) objective=relax; \
	    $(BIN)/python -m benchmark.report "runs/$${1#study=}" || failed=$$?; \
	}; \
	compare study=estimators data=digit_pairs 'seed=range(5)'; \
	if [ -n "$(MNIST)" ]; then \
	    compare study=estimators_60px experiment=pairs_equal $(SMALL) 'data.root=$(MNIST)' 'seed=range(5)'; \
	    compare study=estimators_100px experiment=pairs_equal 'data.root=$(MNIST)' 'seed=range(3)'; \
	fi; \
	exit $$failed

report: $(READY) ## the report of runs/$(STUDY), whatever of it is there: make report STUDY=name
	@$(BIN)/python -m benchmark.report runs/$(STUDY)

test: lint types unit ## lint, types and all tests but the slow ones (20 minutes on 2 cores)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

slow: $(READY) ## the slow tests: whole sweeps, programs and measurements (5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -m slow

clean: ## the environment and all caches; runs/ stays
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch by itself and first, so that the build the index prefers (CPU or CUDA) is taken before anything asks for one.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) -c constraints.txt -e ".[dev]"
	@touch $@
