// <care-wait>: a part of a page that waits for a look. It has the page's region drawn again until it is gone from it.

import { announce } from "./copying.js";

const AGAIN_MS = 600;

class CareWait extends HTMLElement {
  connectedCallback() {
    this.region = this.closest("live-region");
    this.timer = setInterval(() => this.region?.refresh(), AGAIN_MS);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    const region = this.region;
    if (!region?.isConnected) return;
    queueMicrotask(() => {
      if (!region.querySelector("care-wait")) announce(region.querySelector("[data-said]")?.textContent ?? "");
    });
  }
}

customElements.define("care-wait", CareWait);
