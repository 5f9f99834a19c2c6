# make demo   install, then distil the bundled digits and evaluate the file: a minute or two after the install
# TORCH=cpu TORCH_INDEX=... make demo   the same with a PyTorch without CUDA, much smaller, from an index that has one
# make test   install, then run ruff, mypy and the tests, without those that only a release needs
# make test-all   the same with every test
# make test-oldest   the tests that touch PyTorch's edges, with the oldest PyTorch of pyproject.toml
# make recipes   install, then make the table that `nsdc recipes NAME` shows of the recipes' settings
# make viewer   install, then make the script of the report page, and docs/viewer.html, of their modules
# make docs   install, then build the site of the manual: build/site/index.html
# make zoo   install, then make the page of zoo/, and the pictures and data cards of its files
# make test-browser   install, then open a report and the viewer in a headless Chromium
# make soak   install, then kill and resume 20 encodes, and watch 2,000 iterations of dm and of mtt: two minutes
# make fuzz   install, then give the reader a million hostile files: half an hour; RUNS=20000 SEED=1 for fewer
.DELETE_ON_ERROR:

VENV ?= .venv
# The first Python that is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(if $(shell $(p) -c 'import sys; print("ok" if sys.version_info >= (3, 11) else "")' 2>/dev/null),$(p))))
BIN := $(VENV)/bin
DEMO := build/demo
NSDC := $(BIN)/nsdc
READER := spec/reference/javascript
RUNS ?= 1000000
SEED ?= 1
OLDEST := $(VENV)-oldest
# TORCH=cpu installs PyTorch without CUDA, from the index of such builds at the address TORCH_INDEX.
TORCH_INDEX ?=
# 'torch==2.10.*' for "torch>=2.10", and torchvision alike.
OLDEST_TORCH = $(shell grep -oE '"torch(vision)?>=[0-9.]+"' pyproject.toml | tr '"' "'" | sed "s/>=/==/; s/'$$/.*'/")
EDGES := $(addprefix tests/test_,private_api.py ranks.py compiled.py sweep.py tangents.py stacked.py loader.py \
	dataset.py training.py objectives.py)

.PHONY: install javascript recipes docs viewer zoo test test-all test-browser test-oldest lint types demo soak fuzz clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	@case "$(TORCH)" in ""|cpu) ;; *) echo "error: TORCH=$(TORCH): it can be cpu or nothing"; exit 1;; esac
	@test -z "$(TORCH)" -o -n "$(TORCH_INDEX)" || { echo "error: TORCH=cpu needs TORCH_INDEX, the address after" \
		"--index-url in the command that pytorch.org shows for pip and CPU"; exit 1; }
	@echo "--- install nsdcodec and what its tests need into $(VENV), once: minutes, and gigabytes if PyTorch has CUDA"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --upgrade pip
	@test -z "$(TORCH)" || { echo "--- first PyTorch without CUDA, from $(TORCH_INDEX)"; \
		$(BIN)/pip install --quiet torch torchvision --index-url "$(TORCH_INDEX)"; }
	@$(BIN)/pip install --quiet --editable ".[dev]"
	@# A clone is a folder with the package's name: beside it, Python would take the folder for the package.
	@$(BIN)/python -c 'import os, sysconfig as s; print(os.getcwd(), file=open(s.get_path("purelib") + "/clone.pth", "w"))'
	@echo "--- installed: $$(du -sh $(VENV) | cut -f1)"
	@touch $@

# What the JavaScript reader depends on, as its lock has it.
javascript: $(READER)/node_modules/.package-lock.json

$(READER)/node_modules/.package-lock.json: $(READER)/package-lock.json
	cd $(READER) && npm ci --no-audit --no-fund
	@touch $@

# The tests of the JavaScript reader run where there is npm.
test-all: TESTS :=
test: TESTS := -m "not release"
test test-all: announce lint types $(if $(shell command -v npm 2>/dev/null),javascript)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --durations 10 $(TESTS)

.PHONY: announce
announce: install
	@echo "--- ruff and mypy (a minute the first time), then the tests: about ten minutes on two slow cores"

recipes: install
	$(BIN)/python docs/make_recipes.py

viewer: install javascript
	$(BIN)/python docs/make_viewer.py

docs: install
	$(BIN)/python docs/make_site.py

zoo: install
	$(BIN)/python docs/make_zoo.py

test-browser: install
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 0 tests/test_browser.py

test-oldest: $(OLDEST)/installed
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python -m pytest -n 2 --durations 10 $(EDGES)

# All but PyTorch is found in the first environment.
$(OLDEST)/installed: $(VENV)/installed
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet $(OLDEST_TORCH)
	$(OLDEST)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >$(OLDEST)/own
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
		>"$$(cat $(OLDEST)/own)/first.pth"
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy nsdcodec cli benchmarks

demo: install
	@mkdir -p $(DEMO)
	@echo "--- the demo: about a minute and a half on two free cores, many times that on busy ones:"
	@echo "--- then OMP_NUM_THREADS=1 make demo is quicker, since no thread waits for another one's turn"
	@echo "--- distil the bundled digits: 640 elements, as many as one image of each class has"
	$(NSDC) encode digits --ipc 1 --restart --overwrite -o $(DEMO)/digits.nsd
	@echo "--- what is in the file, and is it sound"
	$(NSDC) info $(DEMO)/digits.nsd
	$(NSDC) verify $(DEMO)/digits.nsd
	$(NSDC) decode $(DEMO)/digits.nsd --png $(DEMO)/png --overwrite
	@echo "--- the same budget spent on random real images, and on distilled pixels"
	$(NSDC) encode digits --ipc 1 --parameterization pixel --objective none --restart --overwrite -o $(DEMO)/random.nsd
	$(NSDC) encode digits --ipc 1 --parameterization pixel --restart --overwrite -o $(DEMO)/pixel.nsd
	@echo "--- networks trained on each of the three, tested on real digits that nothing has seen"
	$(NSDC) eval $(DEMO)/digits.nsd $(DEMO)/random.nsd $(DEMO)/pixel.nsd digits --networks 5 --epochs 300
	@echo "--- the pictures: $(DEMO)/png/contact-sheet.png"

soak: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak/kills.py --rounds 20
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak/growth.py --iterations 2000

fuzz: $(VENV)/installed-fuzz
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/campaign.py --runs $(RUNS) --seed $(SEED)

$(VENV)/installed-fuzz: $(VENV)/installed
	$(BIN)/pip install --quiet --editable ".[fuzz]"
	@touch $@

clean:
	rm -rf $(VENV) $(OLDEST) build $(READER)/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
