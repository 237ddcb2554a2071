# `make demo` and `make test` need nothing but Python 3.9-3.11 and a package index.
PYTHON_ENV = .venv/bin/python
EXTRAS = serve beam browser
.PHONY: demo tables test lint format wheel bench bench-smoke install everything

demo: install  ## the whole job on the embedded corpus, about 20 minutes on two cores
	$(PYTHON_ENV) -m holle_tf.main --mode=distill --teacher=qanet

test: everything  ## the whole test suite
	$(PYTHON_ENV) -m pytest -n auto --dist worksteal

lint: everything  ## formatting, lint and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

format: everything
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

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
