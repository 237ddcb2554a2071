"""The page in headless Chromium, talking to a service whose answers are known."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.messages import SampleDocument

CHROMIUM = Path("/usr/bin/chromium")
# Switch off what a browser does besides showing the page.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SAMPLE = SampleDocument(title="A film", document="It has a plot and an ending.", question="plot")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="requirements-browser.txt is not installed (.ci/run installs it)"
    )
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: apt-get install chromium (.ci/run installs it)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


class KnownFromTheSecondTurn:
    """Documents of a model that knows what it was asked about before."""

    def __init__(self):
        self.asked = set()

    def knows(self, key):
        known = key in self.asked
        self.asked.add(key)
        return known


@pytest.fixture(scope="module")
def client(serving, first_word):
    student, teacher = first_word(documents=KnownFromTheSecondTurn()), first_word(seconds=0.05)
    teacher.card = replace(teacher.card, kind="qanet", title="QANeT")
    options = ServeConfig(port=0, document_cache_mb=1)
    with serving({"sam": student, "qanet": teacher}, options, documents=[SAMPLE]) as client:
        yield client


@pytest.fixture(params=["desktop", "phone"])
def page(request, browser, client):
    """The open page; at the end, it has asked no other host and no script has failed."""
    size = {"desktop": (1280, 900), "phone": (360, 740)}[request.param]
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    asked, failed = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on(
        "console", lambda line: failed.append(line.text) if "Content Security Policy" in line.text else None
    )
    page.goto(client.address)
    page.locator(".answer").nth(1).wait_for()
    yield page
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "scrolls sideways"
    context.close()
    assert not failed
    assert all(url.startswith(client.address) for url in asked)


def paste(page, document):
    page.locator("#sample").select_option("paste")
    page.locator("#pasted").fill(document)
    page.get_by_role("button", name="Use this text").click()


def ask(page, turn, replies):
    """Type a turn with the keyboard, and wait until the chat has so many turns of all sides."""
    page.get_by_label("Your turn").fill(turn)
    page.keyboard.press("Enter")
    page.locator("#turns p").nth(replies - 1).wait_for()


def marked(page, model=0):
    return page.locator(f"#text mark.by-{model}").all_text_contents()


def test_a_turn_highlights_the_passage_and_shows_probabilities_and_latency(page):
    ask(page, "ending", 3)
    assert marked(page, 0) == marked(page, 1) == ["ending"]
    card = page.get_by_role("article", name="SAM")
    assert card.locator(".passage").all_text_contents() == ["ending"]
    assert card.locator(".score").all_text_contents() == ["1.000"]
    label = card.get_by_role("img").nth(0).get_attribute("aria-label")
    assert label == "Most probable start: “ending”, 1.00"
    assert card.locator(".milliseconds").text_content().endswith(" ms")
    coloured = (
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 == 3 && v)"
    )
    assert card.locator("canvas").nth(1).evaluate(coloured)


def test_the_document_is_sent_once_and_the_page_says_that_it_was_read_once(page, request):
    bodies = []
    page.on("request", lambda sent: bodies.append(sent.post_data_json) if ":chat" in sent.url else None)
    paste(page, f"A text of {request.node.name} with an ending")
    ask(page, "ending", 3)
    latency = page.locator(".milliseconds")
    assert re.fullmatch(r"read now: [\d.]+ ms", latency.nth(0).text_content())
    assert re.fullmatch(r"reads every time: \d+ ms", latency.nth(1).text_content())
    ask(page, "text", 6)
    assert re.fullmatch(r"read once: [\d.]+ ms", latency.nth(0).text_content())
    assert ["document" in body for body in bodies] == [True, False, False, False]
    assert len({body["document_id"] for body in bodies[1:]}) == 1


def test_a_document_that_the_service_dropped_is_sent_again(page, client):
    paste(page, "A text with an ending")
    ask(page, "ending", 3)
    for number in range(2):
        body = {"document": f"{number}" * 700_000}
        assert client.post("/v1/documents", body)[0] == 200  # two of them fill the cache of 1 MB
    ask(page, "text", 6)
    assert marked(page) == ["text"] and page.get_by_role("status").text_content() == ""


def hint(page):
    """The hint in an empty chat."""
    return page.locator("#turns").evaluate("e => getComputedStyle(e, '::before').content")


def test_the_chat_goes_on_with_the_passage_as_reply_and_begins_anew_on_request(page, client):
    assert "Nothing yet" in hint(page)
    with page.expect_request("**/sam:chat"):
        page.get_by_role("button", name="plot", exact=True).click()
    page.locator("#turns p").nth(2).wait_for()
    with page.expect_request("**/sam:chat") as request:
        ask(page, "ending", 6)
    assert request.value.post_data_json["chat"] == ["plot", "plot", "ending"]
    assert page.evaluate("document.activeElement.id") == "turn"
    assert hint(page) == "none"
    page.get_by_role("button", name="New chat").click()
    assert "Nothing yet" in hint(page)
    assert page.locator("#turns p").count() == 0 and marked(page) == []


def test_an_empty_turn_and_an_empty_document_are_explained_and_not_sent(page):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if ":chat" in request.url else None)
    page.get_by_label("Your turn").fill("  ")
    page.keyboard.press("Enter")
    assert "Type a question" in page.get_by_role("status").text_content()
    paste(page, " ")
    assert "Paste a document" in page.get_by_role("status").text_content()
    assert not sent and page.locator("#turns p").count() == 0


def test_html_in_a_document_is_shown_as_text(page):
    document = "<img src=x onerror=\"document.title='broken'\"> <b>bold</b> &amp; <script>1</script> ending"
    paste(page, document)
    ask(page, "bold", 3)
    assert page.locator("#text").text_content() == document
    assert marked(page) == ["bold"] and page.locator("#text :not(mark), .turn b, .passage b").count() == 0
    assert page.title().startswith("Ask a document")


def test_offsets_are_right_behind_characters_outside_the_basic_plane(page):
    paste(page, "😀😀 a 👩‍🚀 film with an ending")
    ask(page, "ending", 3)
    assert marked(page) == ["ending"] == page.locator(".reply").nth(0).evaluate("p => [p.lastChild.data]")


def test_a_document_of_20000_words_is_read_and_the_passage_scrolled_into_sight(page):
    paste(page, "word " * 19_999 + "ending")
    assert page.locator("#size").text_content() == "20,000 words"
    ask(page, "ending", 3)
    assert marked(page) == ["ending"]
    visible = """() => {
      const place = (selector) => document.querySelector(selector).getBoundingClientRect();
      const [box, mark] = [place("#text"), place("#text mark")];
      return mark.top >= box.top && mark.bottom <= box.bottom;
    }"""
    assert page.evaluate(visible)


def test_the_time_of_a_slow_answer_has_room(page):
    for place in page.locator(".milliseconds").all():
        place.evaluate("place => { place.textContent = 'reads every time: 123456 ms'; }")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_refusal_of_the_service_is_told_and_the_turn_can_be_sent_again(page):
    paste(page, "a " * 60_000)
    page.get_by_label("Your turn").fill("what?")
    page.keyboard.press("Enter")
    page.locator(".status.bad").wait_for()
    assert "at most 50,000" in page.get_by_role("status").text_content()
    assert page.get_by_label("Your turn").input_value() == "what?" and page.locator("#turns p").count() == 0


def test_everything_is_reached_by_the_tab_key_and_has_a_name(page):
    ask(page, "ending", 3)
    page.locator("#sample").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.className || 'item'")
        )
    assert {"text", "turns", "turn", "again"} <= set(reached)
    nameless = """() => {
      const all = document.querySelectorAll("button, input, select, textarea, canvas, [role]");
      const named = (e) => e.ariaLabel || e.labels?.length || e.textContent.trim() || e.role === "status"
        || e.getAttribute("aria-labelledby");
      return [...all].filter((e) => e.checkVisibility() && !named(e)).map((e) => e.outerHTML);
    }"""
    assert page.evaluate(nameless) == []


def test_a_model_that_finds_no_answer_says_so(browser, serving, unsure):
    with serving({"sam": unsure()}, ServeConfig(port=0), documents=[SAMPLE]) as client:
        context = browser.new_context()
        page = context.new_page()
        page.goto(client.address)
        page.locator(".answer").wait_for()
        ask(page, "plot", 2)
        said = page.locator(".unanswered")
        assert marked(page) == ["plot"] and said.is_hidden()
        ask(page, "weather", 4)
        assert page.locator("#turns p").nth(3).text_content().endswith("No passage answers this.")
        assert said.text_content() == "No passage answers this. (90 % against the best passage)"
        assert marked(page) == [] and page.locator(".passage").count() == 1
        page.locator(".spans button").click()
        assert marked(page) == ["It"]
        page.get_by_role("button", name="New chat").click()
        assert said.is_hidden()
        context.close()
