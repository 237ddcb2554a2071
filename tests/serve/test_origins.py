"""Web pages of other sites cannot use the service, nor names that were made to lead to it."""

import http.client
import json

import pytest

from holle_tf.options.serve import ServeConfig

PREDICT = "/v1/models/sam:predict"
BODY = json.dumps({"instances": [{"document": "a b", "query": "b"}]})
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def service(serving, first_word):
    """A service of this machine, which a proxy offers as example.org, and whose pages may be elsewhere."""
    options = ServeConfig(
        port=0, allowed_hosts=["example.org", "*.lan"], cors_origins=["https://pages.example.net"]
    )
    with serving({"sam": first_word()}, options) as client:
        yield client


@pytest.fixture(scope="module")
def alone(serving, first_word):
    """A service without such options."""
    with serving({"sam": first_word()}) as client:
        yield client


def ask(client, method="POST", path=PREDICT, body=BODY, **headers):
    """(status, headers, JSON if there is any); a header's name has an underscore for each hyphen."""
    connection = http.client.HTTPConnection(client.address.removeprefix("http://"), timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body if method == "POST" else None, named)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    is_json = reply.getheader("content-type", "").startswith("application/json")
    return reply.status, reply.headers, json.loads(content) if is_json else None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1",
     "0.0.0.0", "notlocalhost", "example.org@evil.example", "a b", ""],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/documents"), ("GET", "/"), ("POST", PREDICT)])
def test_a_foreign_host_is_refused(alone, host, method, path):
    status, _, found = ask(alone, method, path, host=host)
    assert status == 403 and list(found) == ["error"] and "serve.allowed_hosts" in found["error"]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "localhost.", "127.0.0.1:8501", "127.1.2.3", "[::1]:8501", "a.localhost"],
)
def test_names_of_this_machine_are_not_foreign(alone, host):
    assert ask(alone, "GET", "/healthz", host=host)[0] == 200
    assert ask(alone, host=host)[0] == 200


def test_hosts_that_are_allowed(service):
    for host in ("example.org", "Example.org:443", "a.lan", "a.b.lan", "localhost"):
        assert ask(service, "GET", "/healthz", host=host)[0] == 200
    for host in ("www.example.org", "lan", "example.organ"):
        assert ask(service, "GET", "/healthz", host=host)[0] == 403


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "https://", "http://[", "file://"],
)
def test_pages_of_other_sites_are_refused(alone, origin):
    for headers in (JSON, {"content-type": "text/plain"}, {}):
        status, reply, found = ask(alone, origin=origin, **headers)
        assert status == 403 and list(found) == ["error"]
        assert "access-control-allow-origin" not in reply
    assert ask(alone, "GET", "/v1/models", origin=origin)[0] == 403
    preflight = {"access_control_request_method": "POST", "access_control_request_headers": "content-type"}
    assert ask(alone, "OPTIONS", origin=origin, **preflight)[0] == 403


def test_a_browser_that_hides_the_origin_still_says_that_it_is_another(alone):
    assert ask(alone, sec_fetch_site="cross-site")[0] == 403
    assert ask(alone, "GET", "/", sec_fetch_site="cross-site")[0] == 200  # somebody follows a link


def test_pages_of_the_service_and_of_this_machine_may_use_it(alone):
    for origin in (alone.address, "http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"):
        assert ask(alone, origin=origin, **JSON)[0] == 200
    _, reply, _ = ask(alone, origin="http://localhost:3000", **JSON)
    assert reply["access-control-allow-origin"] == "http://localhost:3000"


def test_pages_that_are_allowed(service):
    preflight = {"access_control_request_method": "POST", "access_control_request_headers": "content-type"}
    status, reply, _ = ask(service, "OPTIONS", origin="https://pages.example.net", **preflight)
    assert status == 200 and reply["access-control-allow-origin"] == "https://pages.example.net"
    status, reply, _ = ask(service, origin="https://pages.example.net", **JSON)
    assert status == 200 and reply["access-control-allow-origin"] == "https://pages.example.net"
    # Its own page behind a proxy that passes on another Host.
    assert ask(service, origin="https://example.org", host="127.0.0.1:8501", **JSON)[0] == 200
    assert ask(service, origin="http://pages.example.net", **JSON)[0] == 403


def test_what_a_page_may_not_do_is_refused_in_json(service):
    preflight = {"access_control_request_method": "DELETE"}
    status, _, found = ask(service, "OPTIONS", origin="https://pages.example.net", **preflight)
    assert status == 400 and list(found) == ["error"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_json_under_another_name_is_read_unless_a_page_sends_it(alone, kind):
    headers = {} if kind is None else {"content-type": kind}
    assert ask(alone, **headers)[0] == 200
    status, _, found = ask(alone, origin=alone.address, **headers)
    assert status == 415 and "application/json" in found["error"]


def test_json_may_name_its_character_set(alone):
    assert ask(alone, origin=alone.address, content_type="Application/JSON; charset=utf-8")[0] == 200


def test_a_service_for_other_machines_knows_every_name_unless_some_are_given(serving, first_word):
    with serving({"sam": first_word()}, ServeConfig(host="0.0.0.0", port=0)) as client:
        for host in ("any.example", "192.0.2.1"):
            assert ask(client, "GET", "/healthz", host=host)[0] == 200
        assert ask(client, host="any.example", origin="https://evil.example", **JSON)[0] == 403
    options = ServeConfig(host="0.0.0.0", port=0, allowed_hosts=["example.org"])
    with serving({"sam": first_word()}, options) as client:
        for host in ("example.org", "192.0.2.1", "localhost"):
            assert ask(client, "GET", "/healthz", host=host)[0] == 200
        assert ask(client, "GET", "/healthz", host="any.example")[0] == 403
