// The page: a document, a chat about it, and each model's answers.

import { AnswerCard, NO_PASSAGE, saysNothing } from "./answer-card.js";
import { DocumentView } from "./document-view.js";
import * as service from "./service.js";
import { wellFormed } from "./text.js";

const PASTE = "paste";
const $ = (id) => document.getElementById(id);

const view = new DocumentView($("text"));
let cards = [];
let samples = [];
let source = { text: "", id: null }; // the document; the service knows it by the id
let turns = []; // of the chat, the user first; the replies are the first model's passages
let running = null; // AbortController of the requests in progress

function say(message, bad = false) {
  $("status").textContent = message;
  $("status").classList.toggle("bad", bad);
}

function addTurn(kind, who, text) {
  const turn = document.createElement("p");
  turn.className = `turn ${kind}`;
  const name = document.createElement("span");
  name.className = "who";
  name.textContent = who;
  turn.append(name, text);
  $("turns").append(turn);
  $("turns").scrollTop = $("turns").scrollHeight;
  return turn;
}

function newChat() {
  running?.abort();
  running = null;
  turns = [];
  $("turns").replaceChildren();
  $("again").disabled = true;
  $("ask").querySelector("button").disabled = false;
  view.clear();
  cards.forEach((card) => card.clear());
  say("");
}

function useDocument(text, question = "") {
  newChat();
  view.show(wellFormed(text));
  source = { text: view.text, id: null };
  const words = text.split(/\s+/).filter(Boolean).length;
  $("size").textContent = words ? `${words.toLocaleString("en")} words` : "";
  $("suggestion").hidden = !question;
  $("suggestion").textContent = question;
}

/** Send a turn to the first model, whose reply continues the chat, and then to the others. */
async function ask(query) {
  if (!view.text.trim()) {
    say("Paste a document first.", true);
    ($("paste").hidden ? $("sample") : $("pasted")).focus();
    return;
  }
  if (!query.trim()) {
    say("Type a question or a remark first.", true);
    $("turn").focus();
    return;
  }
  running?.abort();
  const control = (running = new AbortController());
  const chat = [...turns, wellFormed(query)];
  const mine = addTurn("you", "You", query);
  $("turn").value = "";
  $("ask").querySelector("button").disabled = true;
  say("Reading …");
  try {
    for (const [index, card] of cards.entries()) {
      card.busy(true);
      const reply = await service.answer(card.model.name, source, chat, control.signal);
      if (control.signal.aborted) return;
      card.show(reply);
      const passage = saysNothing(reply) ? "" : (reply.n_best[0]?.text ?? "");
      addTurn(index ? "reply other" : "reply", card.model.title, saysNothing(reply) ? NO_PASSAGE : passage);
      if (index === 0) {
        turns = [...chat, passage];
        $("again").disabled = false;
        $("suggestion").hidden = true;
        $("ask").querySelector("button").disabled = false;
        $("turn").focus();
      }
    }
    say("");
  } catch (error) {
    if (error.name === "AbortError") return;
    cards.forEach((card) => card.busy(false));
    say(error.message, true);
    if (turns.length < chat.length) {
      mine.remove(); // it was not answered and can be sent again
      $("turn").value = query;
    }
    $("ask").querySelector("button").disabled = false;
    $("turn").focus();
  }
}

function choose(value) {
  const pasting = value === PASTE;
  $("paste").hidden = !pasting;
  if (pasting) {
    useDocument($("pasted").value);
    $("pasted").focus();
  } else {
    useDocument(samples[value].document, samples[value].question);
  }
}

function legend() {
  const items = cards.map((card) => {
    const mark = document.createElement("mark");
    mark.className = `by-${card.index}`;
    mark.textContent = card.model.title;
    const item = document.createElement("li");
    item.append(mark);
    return item;
  });
  $("legend").replaceChildren(...items);
}

async function begin() {
  view.element.dataset.empty = "The text of your document appears here.";
  try {
    const [models, documents] = await Promise.all([service.models(), service.sampleDocuments()]);
    cards = models.map((model, index) => new AnswerCard($("answer-template"), model, index, view));
    samples = documents;
  } catch (error) {
    say(error.message, true);
    return;
  }
  $("answers").replaceChildren(...cards.map((card) => card.element));
  legend();
  const options = samples.map((sample, i) => new Option(sample.title, String(i)));
  $("sample").replaceChildren(...options, new Option("Paste a text of your own …", PASTE));
  $("chooser").hidden = !samples.length;
  choose($("sample").value);
  $("turn").focus();
}

$("sample").addEventListener("change", () => choose($("sample").value));
$("paste").addEventListener("submit", (event) => {
  event.preventDefault();
  useDocument($("pasted").value);
  if (view.text.trim()) $("turn").focus();
  else ask("");
});
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("ask").querySelector("button").disabled) ask($("turn").value);
});
$("suggestion").addEventListener("click", () => ask($("suggestion").textContent));
$("again").addEventListener("click", () => {
  newChat();
  $("suggestion").hidden = !$("suggestion").textContent;
  $("turn").focus();
});
begin();
