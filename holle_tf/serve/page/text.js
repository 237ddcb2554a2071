// Converts offsets: the service counts characters (code points), JavaScript counts UTF-16 units.

/** A text with offsets in code points. */
export class Text {
  constructor(text) {
    this.text = text;
    this.units = null; // the offset of each code point; null if both counts are the same
    if (/[\ud800-\udfff]/.test(text)) {
      const begins = [];
      for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) begins.push(unit);
      this.units = Uint32Array.from([...begins, text.length]);
    }
  }

  unit(point) {
    return this.units ? this.units[Math.min(point, this.units.length - 1)] : point;
  }

  slice(start, end) {
    return this.text.slice(this.unit(start), this.unit(end));
  }
}

/** `text` with lone surrogates replaced, which UTF-8 cannot encode; its length stays the same. */
export function wellFormed(text) {
  return text.toWellFormed ? text.toWellFormed() : text;
}

/** The text on one line. */
export function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}
