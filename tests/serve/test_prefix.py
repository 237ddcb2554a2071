"""The service behind a proxy that offers it at a path of its own, and methods beside GET and POST."""

import http.client
import json
import re
from urllib.parse import urljoin

import pytest

from holle_tf.options.serve import ServeConfig

PREDICT = "/v1/models/sam:predict"
BODY = json.dumps({"instances": [{"document": "a b", "query": "b"}]})


@pytest.fixture(scope="module")
def prefixed(serving, first_word):
    with serving({"sam": first_word()}, ServeConfig(port=0, root_path="/holle")) as client:
        yield client


@pytest.fixture(scope="module")
def client(serving, first_word):
    with serving({"sam": first_word()}) as client:
        yield client


def ask(client, method, path, body=None):
    """(status, headers, body)."""
    connection = http.client.HTTPConnection(client.address.removeprefix("http://"), timeout=20)
    connection.request(method, path, body)
    reply = connection.getresponse()
    found = reply.status, reply.headers, reply.read()
    connection.close()
    return found


@pytest.mark.parametrize("passed_on", ["/holle", ""], ids=["prefix passed on", "prefix left out"])
def test_page_scripts_and_api_work_behind_a_prefix(prefixed, passed_on):
    def get(public):
        return ask(prefixed, "GET", passed_on + public.removeprefix("/holle"))

    status, _, page = get("/holle/")
    assert status == 200
    files = [urljoin("/holle/", name) for name in re.findall(r'(?:href|src)="([^"]+)"', page.decode())]
    assert len(files) == 3 and all(get(name)[0] == 200 for name in files)
    script = get("/holle/page/service.js")[2].decode()
    paths = [urljoin("/holle/", path) for path in re.findall(r'json\(["`]([\w/]+)', script)]
    assert sorted(paths)[:2] == ["/holle/v1/documents", "/holle/v1/models"]
    assert all(get(path)[0] == 200 for path in sorted(paths)[:2])
    assert ask(prefixed, "POST", passed_on + PREDICT, BODY)[0] == 200
    assert json.loads(get("/holle/openapi.json")[2])["servers"] == [{"url": "/holle"}]


def test_the_prefix_alone_leads_to_the_page(prefixed):
    status, headers, _ = ask(prefixed, "GET", "/holle")
    assert status == 307 and headers["location"] == "/holle/"


def test_another_path_that_begins_like_the_prefix_is_unknown(prefixed):
    assert ask(prefixed, "GET", "/hollered/healthz")[0] == 404


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/v1/models", "/v1/models/sam", "/v1/documents", "/openapi.json",
             "/page/page.js", "/metrics"],
)  # fmt: skip
def test_head_answers_as_get_without_a_body(client, path):
    got, asked = ask(client, "GET", path), ask(client, "HEAD", path)
    assert asked[0] == got[0] == 200 and got[2] and not asked[2]
    assert asked[1]["content-type"] == got[1]["content-type"]
    if path != "/metrics":  # where each request counts
        assert asked[1]["content-length"] == got[1]["content-length"]


def test_head_of_an_unknown_path_is_not_found(client):
    assert ask(client, "HEAD", "/nowhere/at/all")[0] == 404


def test_a_slash_at_the_end_changes_nothing(client):
    assert ask(client, "GET", "/healthz/")[2] == ask(client, "GET", "/healthz")[2]
    assert ask(client, "POST", PREDICT + "/", BODY)[0] == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/healthz", "GET, HEAD, OPTIONS"), ("/v1/documents", "GET, HEAD, OPTIONS, POST"),
     (PREDICT, "OPTIONS, POST")],
)  # fmt: skip
def test_options_and_wrong_methods_tell_the_right_ones(client, path, allowed):
    status, headers, body = ask(client, "OPTIONS", path)
    assert (status, headers["allow"], body) == (204, allowed, b"")
    status, headers, body = ask(client, "DELETE", path)
    assert (status, headers["allow"], list(json.loads(body))) == (405, allowed, ["error"])


def test_options_of_an_unknown_path_are_not_found(client):
    assert ask(client, "OPTIONS", "/nowhere/at/all")[0] == 404
