// <save-images>: saves pictures that are dropped on the page, pasted, or picked.
//
// Every file has a line: its upload progress, then "saved", "already there", or what is wrong with it.

import { announce } from "./copying.js";
import { harmless } from "./words.js";

const AT_ONCE = 2;

class SaveImages extends HTMLElement {
  connectedCallback() {
    this.queue = [];
    this.running = 0;
    this.depth = 0;
    this.picker = this.querySelector("input[type=file]");
    this.drop = document.querySelector(".drop");
    this.panel = document.querySelector(".saved-files");
    this.querySelector(".save-pick").addEventListener("click", () => this.picker.click());
    this.picker.addEventListener("change", () => {
      this.save(this.picker.files);
      this.picker.value = "";
    });
    this.panel.querySelector("button").addEventListener("click", () => {
      this.panel.hidden = true;
      this.panel.querySelector("ul").replaceChildren();
    });
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) addEventListener(type, (event) => this.onDrag(event));
    addEventListener("paste", (event) => this.onPaste(event));
  }

  get sd() {
    return this.querySelector("[name=sd]").value;
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "dragenter") this.depth += 1;
    if (event.type === "dragleave") this.depth -= 1;
    if (event.type === "drop") {
      this.depth = 0;
      this.save(event.dataTransfer.files);
    }
    this.drop.hidden = this.depth <= 0;
    this.drop.querySelector("bdi").textContent = this.nameOfPlace();
  }

  onPaste(event) {
    if (event.target.closest?.("input, textarea") || !event.clipboardData?.files.length) return;
    event.preventDefault();
    this.save(event.clipboardData.files);
  }

  nameOfPlace() {
    const field = this.querySelector("[name=sd]");
    return field.selectedOptions?.[0]?.textContent ?? field.dataset.name;
  }

  save(files) {
    for (const file of files) this.queue.push({ file, sd: this.sd, line: this.addLine(file.name) });
    if (files.length) this.panel.hidden = false;
    this.work();
  }

  addLine(name) {
    const line = document.createElement("li");
    const title = document.createElement("bdi");
    const words = document.createElement("span");
    const bar = document.createElement("progress");
    title.textContent = harmless(name) || "Pasted image";
    words.textContent = "Waiting";
    words.className = "small quiet";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Sending ${title.textContent}`);
    line.append(title, words, bar);
    this.panel.querySelector("ul").append(line);
    return { line, words, bar };
  }

  async work() {
    while (this.running < AT_ONCE && this.queue.length) {
      const { file, sd, line } = this.queue.shift();
      this.running += 1;
      this.send(file, sd, line).finally(() => {
        this.running -= 1;
        this.work();
        if (!this.running && !this.queue.length) announce(this.panel.innerText);
      });
    }
  }

  /** Sends one file. XMLHttpRequest, because `fetch` does not say how much it has sent. */
  async send(file, sd, { line, words, bar }) {
    const request = new XMLHttpRequest();
    const name = file.name || "pasted image";
    request.open("POST", `/api/v1/images?${new URLSearchParams({ sd, name })}`);
    request.setRequestHeader("content-type", /^image\//.test(file.type) ? file.type : "application/octet-stream");
    request.setRequestHeader("accept", "application/json");
    request.responseType = "json";
    words.textContent = "Sending";
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
    const isDone = await new Promise((resolve) => {
      request.onload = () => resolve(true);
      request.onerror = () => resolve(false);
      request.send(file);
    });
    bar.remove();
    const [saved] = request.response?.saved ?? [];
    if (isDone && request.status < 300 && saved && !saved.whole) {
      say(words, saved.new ? "Saved, incomplete" : "Already there, incomplete", "bad");
      addReason(line, "It is not a whole image. If it was still being copied, save it again when that is done.");
    } else if (isDone && request.status < 300 && saved) say(words, saved.new ? "Saved" : "Already there", saved.new ? "good" : "cloud");
    else {
      say(words, "Not saved", "bad");
      addReason(line, request.response?.detail ?? request.response?.failed?.[0]?.message ?? "Strandline did not answer.");
    }
  }
}

function addReason(line, text) {
  const reason = document.createElement("p");
  reason.textContent = text;
  line.append(reason);
}

function say(words, text, tone) {
  words.textContent = text;
  words.className = `badge ${tone}`;
}

customElements.define("save-images", SaveImages);
