// <live-region id="…" events="sd. scan.">: a part of the page that the server renders again when something happened.
//
// The page is fetched again, and the region's new content replaces the old: one set of templates, no rendering in the
// browser. Opened details stay open, and nothing moves while a person types. `address` is the page's own address, for a
// page that answers a form, because the form was sent to another one.

import { listen } from "./live.js";

const PAUSE_MS = 700; // between two refreshes: a burst of arrivals is one change to a reader
const REST = 5; // times what a refresh took: some pages measure a disk, and must not keep it busy

export function restAfter(costMs) {
  return Math.max(PAUSE_MS, REST * costMs);
}

class LiveRegion extends HTMLElement {
  rest = PAUSE_MS; // from the end of one refresh to the next
  refreshedAt = -Infinity;

  connectedCallback() {
    const address = this.getAttribute("address");
    if (address && address !== location.pathname) history.replaceState(null, "", address);
    this.stop = listen((this.getAttribute("events") ?? "").split(" "), (event) => this.hear(event));
    this.addEventListener("refresh", () => this.refresh());
    addEventListener("popstate", () => { if (this.isMissed) this.refresh(); });
  }

  disconnectedCallback() {
    this.stop?.();
  }

  hear(event) {
    const own = this.dataset.image;
    if (own && event.image_id && event.image_id !== own) return;
    if (this.timer) return;
    const wait = Math.max(50, this.rest - (performance.now() - this.refreshedAt));
    this.timer = setTimeout(() => this.refresh(), wait);
  }

  async refresh() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.isBusy) {
      this.isStale = true;
      return;
    }
    this.isBusy = true;
    this.isStale = false;
    const begun = performance.now();
    const address = location.href;
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(this.id);
      this.isMissed = !fresh; // the address was that of an open image
      if (fresh && !this.isInUse()) this.take(fresh);
    } catch {
      // the server is away: the banner says so, and the next event refreshes
    } finally {
      this.isBusy = false;
      this.refreshedAt = performance.now();
      this.rest = restAfter(this.refreshedAt - begun);
      if (this.isStale || (this.isMissed && location.href !== address)) this.hear({});
    }
  }

  isInUse() {
    const active = document.activeElement;
    const isTyping = this.contains(active) && active.matches("input:not([type=checkbox]), textarea, select");
    return isTyping || this.querySelector("[data-busy]") !== null;
  }

  take(fresh) {
    if (fresh.innerHTML === this.drawn) return;
    const focused = this.contains(document.activeElement) ? document.activeElement.id : "";
    const open = new Set(Array.from(this.querySelectorAll("details[open][id]"), (details) => details.id));
    this.drawn = fresh.innerHTML;
    this.keepPictures(fresh);
    this.replaceChildren(...document.adoptNode(fresh).childNodes);
    for (const id of open) this.querySelector(`details#${CSS.escape(id)}`)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    this.dispatchEvent(new Event("refreshed"));
  }

  /** A picture that is drawn and that the new page shows, too, stays: loaded again, it would flash. */
  keepPictures(fresh) {
    const page = fresh.ownerDocument;
    const drawn = Array.from(this.querySelectorAll("img.is-drawn"), (kept) => [kept, asServed(kept, page)]);
    for (const picture of fresh.querySelectorAll("img")) {
      const at = drawn.findIndex(([, served]) => served.isEqualNode(picture));
      if (at >= 0) picture.replaceWith(drawn.splice(at, 1)[0][0]);
    }
  }
}

/** As the server sent it. Its copy belongs to a document that loads nothing. */
function asServed(picture, page) {
  const copy = page.importNode(picture);
  copy.classList.remove("is-drawn");
  if (!copy.className) copy.removeAttribute("class");
  return copy;
}

customElements.define("live-region", LiveRegion);
