// The selection in the gallery, and the bar with its actions.

import { ask } from "./api.js";
import { BASE } from "./base.js";
import { deleteImages } from "./deleting.js";
import { announce, copyFrom } from "./copying.js";
import { askQuestion } from "./question.js";
import { copyImages, moveImages } from "./transferring.js";

const MOST = 1000; // at once: more is an export, not a selection

export class Selection {
  constructor(grid, bar) {
    this.grid = grid;
    this.bar = bar;
    this.chosen = new Map(); // id → month
    this.months = new Map(); // month → number of chosen images
    this.anchor = null;
    this.before = Promise.resolve(); // what was asked for earlier: some images must be fetched first
    this.waiting = 0; // how much of it is still to be done
    grid.chosen = this.chosen;
    grid.chosenInMonth = (month) => this.months.get(month) ?? 0;
    bar.querySelector("[data-do=copy]").addEventListener("click", (event) => copyFrom(event.currentTarget, this.fetchMarkdown()));
    bar.querySelector("[data-do=download]").addEventListener("click", () => this.download());
    bar.querySelector("[data-do=copy-to]")?.addEventListener("click", () => this.act(copyImages));
    bar.querySelector("[data-do=move-to]")?.addEventListener("click", () => this.act(moveImages));
    bar.querySelector("[data-do=delete]").addEventListener("click", () => this.delete());
    bar.querySelector("[data-do=all]").addEventListener("click", () => {
      this.selectAll();
      this.focusBar();
    });
    bar.querySelector("[data-do=clear]").addEventListener("click", () => {
      this.clear();
      grid.focusOn(grid.current);
    });
    bar.addEventListener("keydown", (event) => {
      if (event.key !== "Tab" || !event.shiftKey || event.target !== bar.querySelector("button")) return;
      event.preventDefault(); // back to the tile from which Tab came
      grid.focusOn(grid.current);
    });
  }

  get size() {
    return this.chosen.size;
  }

  /** Whether something is selected, or about to be. */
  get isAny() {
    return this.size > 0 || this.waiting > 0;
  }

  /** Moves the keyboard focus to what can be done with the selection. */
  focusBar() {
    this.inTurn(() => {
      if (this.size) this.bar.querySelector("button").focus();
    });
  }

  /** Asks, and deletes what is selected; if nothing is, the image of the current tile. The focus stays there. */
  async delete() {
    await this.act(deleteImages);
  }

  async act(change) {
    await this.before; // never on a part of what somebody has selected
    const ids = this.size ? [...this.chosen.keys()] : [this.grid.idAt(this.grid.current)].filter(Boolean);
    const report = await change(ids, () => this.grid.showAgain());
    if (!report) return;
    this.anchor = null;
    this.empty();
    this.draw(); // what was done is announced already
    await this.grid.showAgain();
  }

  /** Selects or deselects one. */
  toggle(number) {
    this.anchor = number;
    this.inTurn(async () => {
      const image = await this.grid.imageAt(number);
      if (!image) return;
      if (this.chosen.has(image.image_id)) this.drop(image);
      else this.add(image);
      this.show();
    });
  }

  /** Selects everything from the last one that was touched to this one. */
  extendTo(number) {
    const anchor = this.anchor ?? this.grid.current;
    this.anchor = anchor;
    this.inTurn(() => this.addFrom(Math.min(anchor, number), Math.abs(anchor - number) + 1));
  }

  /** Selects all that is found, up to the limit. */
  selectAll() {
    this.anchor = 0;
    this.inTurn(() => this.addFrom(0, this.grid.count));
  }

  /** Selects all images of a month, or if they are all selected, none of them. */
  toggleMonth({ first, count }, isSelected) {
    this.anchor = first;
    this.inTurn(async () => {
      if (!isSelected) return this.addFrom(first, count);
      for (const image of await this.fetchFrom(first, count)) this.drop(image);
      this.show();
    });
  }

  /** Keys that follow each other quickly act in their order, whichever answer arrives first. */
  inTurn(act) {
    this.waiting += 1;
    this.before = this.before.then(act).catch(console.error).finally(() => { this.waiting -= 1; });
  }

  async addFrom(number, count) {
    for (const image of await this.fetchFrom(number, count)) this.add(image);
    this.show(count > MOST ? `; no more than ${MOST.toLocaleString("en")} at once` : "");
  }

  fetchFrom(number, count) {
    return this.grid.imagesFrom(number, Math.min(count, MOST)).catch(() => []);
  }

  add({ image_id, month }) {
    if (this.chosen.has(image_id)) return;
    this.chosen.set(image_id, month);
    this.months.set(month, (this.months.get(month) ?? 0) + 1);
  }

  drop({ image_id }) {
    const month = this.chosen.get(image_id);
    if (this.chosen.delete(image_id)) this.months.set(month, this.months.get(month) - 1);
  }

  clear() {
    this.anchor = null;
    this.inTurn(() => {
      this.empty();
      this.show();
    });
  }

  empty() {
    this.chosen.clear();
    this.months.clear();
  }

  show(more = "") {
    this.draw(more);
    announce(this.bar.querySelector("output").textContent);
  }

  draw(more = "") {
    this.bar.hidden = this.size === 0;
    this.bar.querySelector("[data-do=all]").hidden = this.size >= Math.min(this.grid.count, MOST);
    this.bar.querySelector("output").textContent = `${this.size.toLocaleString("en")} selected${more}`;
    this.grid.classList.toggle("is-choosing", this.size > 0);
    this.grid.draw();
  }

  async fetchMarkdown() {
    await this.before;
    const lines = [];
    for (const id of this.chosen.keys()) lines.push((await ask(`/images/${id}`)).markdown);
    return lines.join("\n");
  }

  /** One image as its file, several as an archive, once its size was said. */
  async download() {
    await this.before;
    const ids = [...this.chosen.keys()];
    if (ids.length > 1) {
      const isSent = await askQuestion("export", { images: ids.join(" ") }, { title: "Download", looking: "Looking how much it is…" });
      if (isSent) announce("The archive is being downloaded");
      return;
    }
    const link = document.createElement("a");
    link.href = `${BASE}/i/${ids[0]}?original=1`;
    link.download = "";
    link.click();
    announce("Downloading 1 image");
  }
}
