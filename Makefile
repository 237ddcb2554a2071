# `make demo` and `make test` need nothing but a Python from 3.9 to 3.13 and a package index.
# TENSORFLOW=current make demo takes the newer TensorFlow; with VENV=.venv-current, beside the other (install.sh).
VENV ?= .venv
export VENV
PYTHON_ENV = $(VENV)/bin/python
EXTRAS = serve beam browser documents
.PHONY: demo tables test fuzz test-other lint format wheel bench bench-smoke install everything

demo: install  ## the whole job on the embedded corpus, about 20 minutes on two cores
	$(PYTHON_ENV) -m holle_tf.main --mode=distill --teacher=qanet

test: everything  ## the whole test suite
	$(PYTHON_ENV) -m pytest -n auto --dist worksteal

FUZZ_MINUTES ?= 60
fuzz: everything  ## damaged inputs of every kind, others each time, for an hour; FUZZ_MINUTES=5 for less
	end=$$(($$(date +%s) + 60 * $(FUZZ_MINUTES))); while [ $$(date +%s) -lt $$end ]; do \
	  FUZZ_MINUTES=$(FUZZ_MINUTES) $(PYTHON_ENV) -m pytest -n auto --dist worksteal -q tests/robustness || exit 1; \
	done

test-other: everything  ## the suite on the other TensorFlow, and what both exchange
	sh .ci/other_pair $(VENV) whole

lint: everything  ## formatting, lint and types
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

format: everything
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

wheel: install  ## the package as dist/holle_tf-*.whl
	rm -rf build
	$(PYTHON_ENV) -m pip wheel --quiet --no-deps --wheel-dir dist .

tables: install  ## every table of the paper on the demo corpus, hours; the same again goes on
	$(PYTHON_ENV) -m holle_tf.main --mode=report --size=demo

bench: everything  ## all measurements of docs/performance.md, about half an hour
	$(PYTHON_ENV) -m benchmarks.run
	$(PYTHON_ENV) -m benchmarks.report

bench-smoke: everything  ## whether the benchmarks run
	$(PYTHON_ENV) -m benchmarks.run --smoke

install:
	@sh install.sh

everything:  # what the optional modes need too, so that their tests run
	@sh install.sh $(EXTRAS)
