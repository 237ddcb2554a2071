// Shows the document, with passages marked in it.

import { Text } from "./text.js";

export class DocumentView {
  constructor(element) {
    this.element = element;
    this.show("");
  }

  show(text) {
    this.content = new Text(text);
    this.marks = new Map(); // index of a model -> { start, end, title }
    this.draw();
    this.element.scrollTop = 0;
  }

  get text() {
    return this.content.text;
  }

  /** Mark a model's passage, given in code points. */
  mark(model, start, end, title) {
    this.marks.set(model, { start, end, title });
    this.draw();
    const marked = this.element.querySelector(`mark.by-${model}`);
    if (marked) this.scrollTo(marked);
  }

  unmark(model) {
    this.marks.delete(model);
    this.draw();
  }

  clear() {
    this.marks.clear();
    this.draw();
  }

  /** Scroll the document, and not the page, to a character. */
  scrollToCharacter(point) {
    let left = this.content.unit(point);
    for (const node of this.element.childNodes) {
      const length = node.textContent.length;
      if (left < length) {
        const range = document.createRange();
        range.setStart(node.firstChild ?? node, left);
        range.setEnd(node.firstChild ?? node, left + 1);
        this.scrollTo(range);
        return;
      }
      left -= length;
    }
  }

  scrollTo(target) {
    const box = this.element.getBoundingClientRect();
    const place = target.getBoundingClientRect();
    if (place.top >= box.top && place.bottom <= box.bottom) return;
    this.element.scrollTop += place.top - box.top - box.height / 3;
  }

  draw() {
    const length = this.content.text.length;
    const passages = [...this.marks].map(([model, mark]) => ({
      model,
      title: mark.title,
      start: this.content.unit(mark.start),
      end: this.content.unit(mark.end),
    }));
    const cuts = new Set([0, length]);
    for (const { start, end } of passages) cuts.add(start).add(end);
    const places = [...cuts].sort((a, b) => a - b);
    const pieces = [];
    for (let i = 0; i + 1 < places.length; i += 1) {
      const [from, to] = [places[i], places[i + 1]];
      const piece = this.content.text.slice(from, to);
      const over = passages.filter(({ start, end }) => start <= from && to <= end);
      if (!over.length) {
        pieces.push(document.createTextNode(piece));
        continue;
      }
      const mark = document.createElement("mark");
      mark.className = over.map(({ model }) => `by-${model}`).join(" ");
      mark.title = over.map(({ title }) => title).join(", ");
      mark.textContent = piece; // not HTML: the document is shown as it is
      pieces.push(mark);
    }
    this.element.replaceChildren(...pieces);
  }
}
