// A model's answer: the time it took, the probabilities of every word, and the best passages.

import { HeatStrip } from "./heat-strip.js";
import { oneLine } from "./text.js";

const HINT = "The probability that the passage starts or ends at each word of the document";
const LONGEST = 300; // characters of a passage in the list
export const NO_PASSAGE = "No passage answers this.";

/** Whether the model says that there is no answer; most models cannot. */
export const saysNothing = (reply) => reply.answered === false;

export class AnswerCard {
  /** `view` shows the document; `index` is the number of the model, which decides its colour and its marks. */
  constructor(template, model, index, view) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.model = model;
    this.index = index;
    this.view = view;
    this.element.style.setProperty("--model", `var(--model-${Math.min(index, 2)})`);
    this.element.setAttribute("aria-label", model.title);
    this.find(".title").textContent = model.title;
    this.find(".facts").textContent = facts(model);
    this.edges = ["start", "end"];
    this.strips = [...this.element.querySelectorAll(".strip")].map(
      (canvas, edge) =>
        new HeatStrip(
          canvas,
          (word) => this.hint(edge, word),
          (word) => this.view.scrollToCharacter(this.reply.tokens.start_chars[word]),
        ),
    );
    this.clear();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  clear() {
    this.reply = null;
    this.busy(false);
    this.find(".milliseconds").textContent = "–";
    this.find(".spans").replaceChildren();
    this.find(".unanswered").hidden = true;
    this.find(".strip-hint").textContent = HINT;
    this.strips.forEach((strip) => strip.show([], "No answer yet"));
    this.element.querySelectorAll(".strip-top").forEach((element) => (element.textContent = ""));
  }

  busy(state) {
    this.element.classList.toggle("busy", state);
    this.element.setAttribute("aria-busy", String(state));
  }

  show(reply) {
    this.reply = reply;
    this.busy(false);
    const latency = this.find(".milliseconds");
    latency.textContent = `${reading(this.model, reply)}: ${tidy(reply.model_ms)} ms`;
    const shared = reply.batch > 1 ? ` (a batch of ${reply.batch} chats)` : "";
    latency.title = `model ${tidy(reply.model_ms)} ms${shared}, waited ${tidy(reply.queued_ms)} ms, round trip ${tidy(reply.milliseconds)} ms`;
    this.strips.forEach((strip, edge) => {
      const values = this.probabilities(edge);
      const top = values.indexOf(values.reduce((a, b) => Math.max(a, b), 0));
      const said = values.length ? `“${this.word(top)}”, ${values[top].toFixed(2)}` : "no words";
      strip.show(values, `Most probable ${this.edges[edge]}: ${said}`);
      this.element.querySelectorAll(".strip-top")[edge].textContent = values.length ? values[top].toFixed(2) : "";
    });
    this.find(".spans").replaceChildren(...reply.n_best.map((span, rank) => this.item(span, rank)));
    const unanswered = this.find(".unanswered");
    unanswered.hidden = !saysNothing(reply);
    if (saysNothing(reply)) {
      unanswered.textContent = `${NO_PASSAGE} (${(100 * reply.no_answer).toFixed(0)} % against the best passage)`;
      this.view.unmark(this.index);
    } else if (reply.n_best.length) this.choose(0);
  }

  probabilities(edge) {
    return this.reply.tokens[`${this.edges[edge]}_probabilities`];
  }

  word(place) {
    const { start_chars: starts, end_chars: ends } = this.reply.tokens;
    return this.view.content.slice(starts[place], ends[place]);
  }

  hint(edge, word) {
    const said = this.reply && word !== null;
    this.find(".strip-hint").textContent = said
      ? `${this.edges[edge]} at “${this.word(word)}” (word ${word + 1}): ${this.probabilities(edge)[word].toFixed(3)}`
      : HINT;
  }

  item(span, rank) {
    const button = document.createElement("button");
    button.type = "button";
    button.innerHTML = '<span class="score"></span><span class="bar" aria-hidden="true"><span></span></span><span class="passage"></span>';
    button.querySelector(".score").textContent = span.score.toFixed(3);
    button.querySelector(".bar span").style.width = `${100 * span.score}%`;
    button.querySelector(".passage").textContent = oneLine(span.text).slice(0, LONGEST);
    button.addEventListener("click", () => this.choose(rank));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  /** Mark one of the best passages in the document. */
  choose(rank) {
    this.element.querySelectorAll(".spans button").forEach((button, i) => button.setAttribute("aria-pressed", String(i === rank)));
    const { start_char: start, end_char: end } = this.reply.n_best[rank];
    this.view.mark(this.index, start, end, this.model.title);
  }
}

/** What the model did with the document in the time that is shown. */
function reading(model, reply) {
  if (!model.reads_once) return "reads every time";
  return reply.known ? "read once" : "read now";
}

function facts(model) {
  const parts = [];
  if (model.parameters !== null) parts.push(`${model.parameters.toLocaleString("en")} parameters`);
  if (model.f1 !== null) parts.push(`F1 ${model.f1.toFixed(1)} on its test split`);
  return [...parts, `served as ${model.name}`].join(" · ");
}

function tidy(milliseconds) {
  return milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
}
