// The selection in the gallery, and the bar with its actions.

import { ask } from "./api.js";
import { BASE } from "./base.js";
import { announce, copyFrom } from "./copying.js";
import { sayCount } from "./words.js";

const MOST = 1000; // per range: more is an export, not a selection

export class Selection {
  constructor(grid, bar) {
    this.grid = grid;
    this.bar = bar;
    this.ids = new Set();
    this.anchor = null;
    grid.chosen = this.ids;
    bar.querySelector("[data-do=copy]").addEventListener("click", (event) => copyFrom(event.currentTarget, this.fetchMarkdown()));
    bar.querySelector("[data-do=download]").addEventListener("click", () => this.download());
    bar.querySelector("[data-do=clear]").addEventListener("click", () => this.clear());
  }

  /** Selects or deselects one. */
  async toggle(number) {
    const image = await this.grid.imageAt(number);
    if (!image) return;
    this.anchor = number;
    if (!this.ids.delete(image.image_id)) this.ids.add(image.image_id);
    this.show();
  }

  /** Selects everything from the last one that was touched to this one. */
  async extendTo(number) {
    const anchor = this.anchor ?? this.grid.current;
    this.anchor = anchor;
    const numbers = [];
    for (let at = Math.min(anchor, number); at <= Math.max(anchor, number) && numbers.length < MOST; at += 1) numbers.push(at);
    const images = await Promise.all(numbers.map((at) => this.grid.imageAt(at)));
    for (const image of images) if (image) this.ids.add(image.image_id);
    this.show();
  }

  clear() {
    this.ids.clear();
    this.anchor = null;
    this.show();
  }

  show() {
    this.bar.hidden = this.ids.size === 0;
    const words = `${this.ids.size.toLocaleString("en")} selected`;
    this.bar.querySelector("output").textContent = words;
    announce(words);
    this.grid.classList.toggle("is-choosing", this.ids.size > 0);
    this.grid.draw();
  }

  async fetchMarkdown() {
    const lines = [];
    for (const id of this.ids) lines.push((await ask(`/images/${id}`)).markdown);
    return lines.join("\n");
  }

  download() {
    for (const id of this.ids) {
      const link = document.createElement("a");
      link.href = `${BASE}/i/${id}?original=1`;
      link.download = "";
      link.click();
    }
    announce(`Downloading ${sayCount(this.ids.size, "image")}`);
  }
}
