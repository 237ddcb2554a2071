// Shows probabilities by position in the document as a strip of colour.

/** The maximum of each group of neighbours, at most `most` of them; a mean would hide a single word. */
export function pool(values, most) {
  const size = Math.max(1, Math.ceil(values.length / Math.max(1, most)));
  const cells = [];
  for (let i = 0; i < values.length; i += size) {
    let largest = 0;
    for (let j = i; j < Math.min(i + size, values.length); j += 1) largest = Math.max(largest, values[j]);
    cells.push(largest);
  }
  return { cells, size };
}

export class HeatStrip {
  /** `onPoint(word)` is called with the word under the pointer (null: none), `onChoose(word)` at a click. */
  constructor(canvas, onPoint, onChoose) {
    this.canvas = canvas;
    this.values = [];
    canvas.addEventListener("pointermove", (event) => onPoint(this.wordAt(event)));
    canvas.addEventListener("pointerleave", () => onPoint(null));
    canvas.addEventListener("click", (event) => {
      const word = this.wordAt(event);
      if (word !== null) onChoose(word);
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(values, label) {
    this.values = values;
    this.canvas.setAttribute("aria-label", label);
    this.draw();
  }

  /** The most probable word of the cell at the pointer. */
  wordAt(event) {
    if (!this.values.length) return null;
    const { cells, size } = pool(this.values, this.canvas.clientWidth);
    const cell = Math.min(cells.length - 1, Math.floor((event.offsetX / this.canvas.clientWidth) * cells.length));
    const group = this.values.slice(cell * size, (cell + 1) * size);
    return cell * size + group.indexOf(Math.max(...group));
  }

  draw() {
    const scale = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    const { cells } = pool(this.values, width);
    context.fillStyle = getComputedStyle(this.canvas).getPropertyValue("--model");
    const step = this.canvas.width / cells.length;
    cells.forEach((value, i) => {
      context.globalAlpha = Math.sqrt(value); // so that a model that wavers between ten words does not look blank
      const left = Math.floor(i * step);
      context.fillRect(left, 0, Math.max(1, Math.floor((i + 1) * step) - left), this.canvas.height);
    });
  }
}
