"""The service keeps to what its /openapi.json says, by requests that schemathesis makes of it.

pip install schemathesis && .venv/bin/python -m pytest tests/robustness/test_api_contract.py
"""

import pytest

from holle_tf.options.serve import ServeConfig
from tests.robustness.fuzzing import examples

HOST = {"Host": "127.0.0.1"}
STATUSES = set()  # of all replies
schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")


@pytest.fixture(scope="module")
def api(exported):
    """The schema of a service of an export, with limits that requests can reach."""
    from holle_tf.serve.app import create_app
    from holle_tf.serve.onnx_backend import OnnxBackend

    options = ServeConfig(max_document_words=50, max_body_bytes=20_000, max_queue=8)
    app = create_app({"sam": OnnxBackend(exported)}, options)
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers=HOST)


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@examples(25)
def test_every_request_has_a_reply_of_the_schema(case):
    # A request may fit the schema and be refused: for an unknown model, or a text and an id at once.
    refused = [schemathesis.specs.openapi.checks.positive_data_acceptance]
    STATUSES.add(case.call_and_validate(headers=HOST, excluded_checks=refused).status_code)


def test_requests_were_answered_and_refused():
    assert {200, 400, 404} <= STATUSES
