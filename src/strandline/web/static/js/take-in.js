// <take-in>: a form that saves the pictures that are elsewhere in a folder. With scripts it goes on step by step, shows
// the progress, and ends with a summary, failures first, which its heading says, too. Leaving the page stops it; what was saved stays.

import { ask } from "./api.js";
import { announce } from "./copying.js";
import { harmless, sayCount } from "./words.js";

const MOST_LINES = 100;

class TakeIn extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.takeAll();
    });
  }

  async takeAll() {
    const [button, bar, words] = ["button", "progress", "output"].map((name) => this.querySelector(name));
    const heading = this.querySelector("h2");
    const list = this.querySelector(".failed");
    const counts = { saved: 0, there: 0, failed: 0 };
    button.disabled = true;
    bar.hidden = false;
    list.replaceChildren();
    list.hidden = true;
    words.textContent = "Taking in…";
    try {
      let after = "";
      do {
        const query = new URLSearchParams({ after });
        const step = await ask(`/sds/${encodeURIComponent(this.dataset.sd)}/take-in?${query}`, { method: "POST" });
        for (const { new: isNew } of step.saved) counts[isNew ? "saved" : "there"] += 1;
        for (const failure of step.failed) {
          counts.failed += 1;
          list.hidden = false;
          if (counts.failed <= MOST_LINES) list.append(makeLine(failure));
        }
        [bar.max, bar.value] = [step.total || 1, step.done];
        words.textContent = `${step.done.toLocaleString("en")} of ${sayCount(step.total, "picture")}`;
        after = step.next;
      } while (after);
      words.textContent = summarize(counts);
      button.hidden = counts.failed === 0;
      heading.textContent = counts.failed ? `${sayCount(counts.failed, "picture")} could not be taken in` : "The pictures are taken in";
    } catch (error) {
      words.textContent = `${error.message} ${summarize(counts)}`;
      heading.textContent = "Not all pictures are taken in";
    }
    this.querySelector("p").hidden = true;
    this.querySelector("a").hidden = counts.saved + counts.there === 0;
    announce(words.textContent);
    bar.hidden = true;
    button.disabled = false;
  }
}

/** `2 not taken in, 148 taken in, 12 there already.` */
function summarize({ saved, there, failed }) {
  const all = [[failed, "not taken in"], [saved, "taken in"], [there, "there already"]];
  const parts = all.filter(([number]) => number).map(([number, words]) => `${number.toLocaleString("en")} ${words}`);
  return parts.length ? `${parts.join(", ")}.` : "";
}

function makeLine({ filename, message }) {
  const line = document.createElement("li");
  const name = document.createElement("bdi");
  const why = document.createElement("span");
  name.className = "name";
  name.textContent = harmless(filename);
  why.className = "small quiet";
  why.textContent = harmless(message);
  line.append(name, why);
  return line;
}

customElements.define("take-in", TakeIn);
