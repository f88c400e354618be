// <save-images>: saves pictures that are dropped on the page, pasted, or picked.
//
// A panel counts, ends by itself with a summary, and puts what was not saved first. Leaving the page meanwhile asks.

import { BASE } from "./base.js";
import { announce } from "./copying.js";
import { nameOf, SaveQueue } from "./save-queue.js";
import { harmless } from "./words.js";

const MOST_LINES = 100; // of each kind; the summary counts all
const SHOW_MS = 200; // at every frame, to draw the progress would take as long as to send the files

const OUTCOMES = {
  saved: { words: "Saved", tone: "good" },
  there: { words: "Already there", tone: "cloud" },
  incomplete: { words: "Saved, incomplete", tone: "bad" },
  failed: { words: "Not saved", tone: "bad" },
};
const INCOMPLETE = "It is not a whole image. If it was still being copied, save it again when that is done.";

class SaveImages extends HTMLElement {
  connectedCallback() {
    if (this.hidden) return; // this reader may not save
    this.depth = 0;
    this.picker = this.querySelector("input[type=file]");
    this.drop = document.querySelector(".drop");
    this.panel = document.querySelector(".saved-files");
    this.queue = new SaveQueue(() => this.showSoon(), (item) => this.onResult(item));
    this.querySelector("button.save-pick").addEventListener("click", () => this.pick());
    this.picker.addEventListener("change", () => {
      this.save([...this.picker.files]);
      this.picker.value = "";
    });
    this.button("cancel").addEventListener("click", () => this.queue.cancel());
    this.button("retry").addEventListener("click", () => this.retry());
    this.button("close").addEventListener("click", () => this.close());
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) addEventListener(type, (event) => this.onDrag(event));
    this.field.addEventListener("change", () => this.findPlace());
    addEventListener("paste", (event) => this.onPaste(event));
    addEventListener("beforeunload", (event) => { if (this.queue.isRunning) event.preventDefault(); });
  }

  pick() {
    this.querySelector("details").open = false;
    this.picker.click();
  }

  get field() {
    return this.querySelector("[name=sd]");
  }

  get sd() {
    return this.field.value;
  }

  button(name) {
    return this.panel.querySelector(`[data-do=${name}]`);
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "dragenter") {
      if (!this.depth) this.findPlace();
      this.depth += 1;
    }
    if (event.type === "dragleave") this.depth -= 1;
    if (event.type === "drop") {
      this.depth = 0;
      this.save([...event.dataTransfer.files]);
    }
    this.drop.hidden = this.depth <= 0;
    this.showPlace();
  }

  /** Asks where new pictures of a vault go: its program for notes decides that, not the folder that is shown. */
  async findPlace() {
    const { sd } = this;
    this.place = null;
    const answer = await fetch(`${BASE}/folders/${encodeURIComponent(sd)}/place`).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if (sd === this.sd) this.place = found?.folder ?? null;
    this.showPlace();
  }

  showPlace() {
    this.drop.querySelector("bdi").textContent = [this.nameOfPlace(), this.place && harmless(this.place)].filter(Boolean).join(": ");
    const { sd, folder } = document.querySelector(".filters").elements;
    const isElsewhere = Boolean(folder) && sd.value === this.sd && this.place !== null && this.place !== folder.value;
    this.drop.querySelector(".elsewhere").hidden = !isElsewhere;
  }

  onPaste(event) {
    if (event.target.closest?.("input, textarea") || !event.clipboardData?.files.length) return;
    event.preventDefault();
    this.save([...event.clipboardData.files]);
  }

  nameOfPlace() {
    const { field } = this;
    return field.selectedOptions?.[0]?.textContent ?? field.dataset.name;
  }

  save(files, sd = this.sd) {
    if (!files.length) return;
    if (!this.queue.isRunning) this.reset();
    this.queue.add(files, sd);
    this.show();
    this.panel.hidden = false;
  }

  reset() {
    this.counts = { saved: 0, there: 0, incomplete: 0, failed: 0 };
    this.failed = [];
    this.isSaid = false;
    for (const list of this.panel.querySelectorAll("ul")) list.replaceChildren();
    this.panel.querySelector("bdi").textContent = this.nameOfPlace();
  }

  close() {
    this.panel.hidden = true;
    this.querySelector("summary").focus();
  }

  /** Sends what was not saved again. */
  retry() {
    const again = this.failed.filter(({ isFinal }) => !isFinal);
    this.reset();
    for (const sd of new Set(again.map((item) => item.sd))) {
      this.save(again.filter((item) => item.sd === sd).map((item) => item.file), sd);
    }
  }

  onResult(item) {
    this.counts[item.outcome] += 1;
    if (item.outcome === "failed") this.failed.push(item);
    const isBad = OUTCOMES[item.outcome].tone === "bad";
    const list = this.panel.querySelector(isBad ? `.${item.outcome}` : ".saved");
    if (isBad && list.children.length >= MOST_LINES) return;
    list.append(makeLine(item));
    if (list.children.length > MOST_LINES) list.firstElementChild.remove();
  }

  showSoon() {
    this.showing ??= setTimeout(() => {
      this.showing = null;
      this.show();
    }, SHOW_MS);
  }

  show() {
    const { queue } = this;
    const heading = this.panel.querySelector("h2");
    const bar = this.panel.querySelector("progress");
    bar.max = queue.total;
    bar.value = queue.progress;
    bar.hidden = !queue.isRunning;
    this.button("cancel").hidden = !queue.isRunning;
    this.button("close").hidden = queue.isRunning;
    this.button("retry").hidden = queue.isRunning || !this.failed.some(({ isFinal }) => !isFinal);
    heading.textContent = queue.isRunning
      ? `Saving ${Math.min(Math.floor(queue.progress) + 1, queue.total).toLocaleString("en")} of ${queue.total.toLocaleString("en")}`
      : this.summarize();
    this.panel.querySelector("p").hidden = !queue.isRunning;
    if (queue.isRunning || this.isSaid) return;
    this.isSaid = true;
    announce(heading.textContent);
  }

  /** `4,998 saved, 2 not`. */
  summarize() {
    const { saved, there, incomplete, failed } = this.counts;
    const all = [
      [saved + incomplete, "saved"], [incomplete, "of them incomplete"], [there, "already there"],
      [failed, saved + incomplete ? "not" : "not saved"], [this.queue.cancelled, "cancelled"],
    ];
    return all.filter(([number]) => number).map(([number, words]) => `${number.toLocaleString("en")} ${words}`).join(", ");
  }
}

function makeLine({ file, outcome, reason, path, image_id, warning }) {
  const { words, tone } = OUTCOMES[outcome];
  const line = document.createElement("li");
  const title = document.createElement("bdi");
  const badge = document.createElement("span");
  const isSame = path?.split("/").at(-1) === nameOf(file); // what is called so is said once
  if (isSame) title.append(makePlace(path, image_id));
  else title.textContent = harmless(nameOf(file));
  badge.textContent = words;
  badge.className = `badge ${tone}`;
  line.append(title, badge);
  if (path && !isSame) line.append(makePlace(path, image_id));
  const said = [tone === "bad" && (outcome === "incomplete" ? INCOMPLETE : reason), warning].filter(Boolean);
  line.append(...said.map((words) => Object.assign(document.createElement("p"), { textContent: words })));
  return line;
}

/** The file that has the image now, leading to its page. */
function makePlace(path, image_id) {
  const link = document.createElement("a");
  link.href = `${BASE}/image/${image_id}`;
  link.textContent = harmless(path);
  return link;
}

customElements.define("save-images", SaveImages);
