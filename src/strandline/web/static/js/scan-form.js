// <scan-form>: a form whose button starts a scan. With scripts it stays on the page and shows the progress.

import { ask, tell } from "./api.js";
import { announce } from "./copying.js";
import { sayCount } from "./words.js";

const LOOK_EVERY_MS = 300;

class ScanForm extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.scan();
    });
  }

  async scan() {
    const [button, bar, words] = ["button", "progress", "output"].map((name) => this.querySelector(name));
    this.dataset.busy = "";
    button.disabled = true;
    bar.hidden = false;
    bar.removeAttribute("value");
    words.textContent = "Scanning…";
    try {
      let { scan } = await tell("/scans", { sd: this.dataset.sd });
      while (scan.state === "running") {
        await new Promise((resume) => { setTimeout(resume, LOOK_EVERY_MS); });
        ({ scan } = await ask(`/scans/${encodeURIComponent(scan.id)}`));
        if (scan.total) {
          bar.max = scan.total;
          bar.value = scan.done;
          words.textContent = `${scan.done.toLocaleString("en")} of ${sayCount(scan.total, "file")}`;
        }
      }
      words.textContent = sayOutcome(scan);
    } catch (error) {
      words.textContent = error.message;
    }
    announce(words.textContent);
    bar.hidden = true;
    button.disabled = false;
    const said = words.textContent;
    delete this.dataset.busy;
    const region = this.closest("live-region");
    await region?.refresh();
    const fresh = document.querySelector(`scan-form[data-sd="${CSS.escape(this.dataset.sd)}"] output`);
    if (fresh) fresh.textContent = said;
  }
}

function sayOutcome(scan) {
  if (scan.state === "failed") return scan.error?.message ?? "The scan failed.";
  if (scan.state === "cancelled") return "Cancelled.";
  const { added, changed, absent, missing, returned, unchanged } = scan.report;
  const parts = Object.entries({ new: added, changed, absent, missing, returned }).filter(([, number]) => number);
  if (!parts.length) return `Nothing changed: ${sayCount(unchanged, "file")} as before.`;
  return `${parts.map(([word, number]) => `${number.toLocaleString("en")} ${word}`).join(", ")}.`;
}

customElements.define("scan-form", ScanForm);
