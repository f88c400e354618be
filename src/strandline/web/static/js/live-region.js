// <live-region id="…" events="sd. scan.">: a part of the page that the server renders again when something happened.
//
// The page is fetched again, and the region's new content replaces the old: one set of templates, no rendering in the
// browser. Opened details stay open, the focus and what was typed stay, and nothing moves while a person types, presses, or
// is asked, or while a box is ticked: what is new is shown right after. `address` is the page's own address, for a page that answers a form,
// because the form was sent to another one.

import { listen } from "./live.js";

const PAUSE_MS = 700; // between two refreshes: a burst of arrivals is one change to a reader
const REST = 5; // times what a refresh took: some pages measure a disk, and must not keep it busy
const LETS_GO = ["focusout", "change", "reset", "close"]; // events after which a person may be done

const TYPED = "input:not([type=checkbox], [type=radio], [type=file], [type=hidden]), textarea, select";

let pressed = null; // what a mouse or a finger is on: if it was replaced now, the click would be lost

for (const kind of ["pointerdown", "pointerup", "pointercancel", "contextmenu"]) {
  addEventListener(kind, ({ target }) => {
    pressed = kind === "pointerdown" ? target : null;
    if (!pressed) for (const region of document.querySelectorAll("live-region")) region.letGo();
  }, true);
}

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
    this.addEventListener("refresh", () => {
      this.isAsked = true;
      this.refresh();
    });
    for (const kind of LETS_GO) this.addEventListener(kind, () => this.letGo(), true);
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
    const { isAsked } = this; // by a script of this page, after something that a person did
    this.isAsked = false;
    const begun = performance.now();
    const address = location.href;
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(this.id);
      this.isMissed = !fresh; // the address was that of an open image
      this.isHeld = Boolean(fresh) && !isAsked && this.isInUse();
      if (fresh && !this.isHeld) this.take(fresh);
    } catch {
      // the server is away: the banner says so, and the next event refreshes
    } finally {
      this.isBusy = false;
      this.refreshedAt = performance.now();
      this.rest = restAfter(this.refreshedAt - begun);
      if (this.isStale || (this.isMissed && location.href !== address)) this.hear({});
    }
  }

  /** Shows what is new, if that waited for a person who is done now. */
  letGo() {
    if (this.isHeld) setTimeout(() => { if (this.isHeld && !this.isInUse()) this.hear({}); });
  }

  isInUse() {
    const active = document.activeElement;
    const isTyping = this.contains(active) && active.matches("input:not([type=checkbox]), textarea, select");
    if (isTyping || this.contains(pressed) || this.querySelector("[data-busy], dialog[open]")) return true;
    return Array.from(this.querySelectorAll("input")).some(isTicked);
  }

  take(fresh) {
    if (fresh.innerHTML === this.drawn) return;
    const find = this.contains(document.activeElement) ? remember(this, document.activeElement) : null;
    const typed = Array.from(this.querySelectorAll(TYPED)).filter(isTyped).map((field) => [remember(this, field), field.value]);
    const open = new Set(Array.from(this.querySelectorAll("details[open][id]"), (details) => details.id));
    this.drawn = fresh.innerHTML;
    this.keepPictures(fresh);
    this.replaceChildren(...document.adoptNode(fresh).childNodes);
    for (const id of open) this.querySelector(`details#${CSS.escape(id)}`)?.setAttribute("open", "");
    for (const [findField, value] of typed) Object.assign(findField() ?? {}, { value });
    find?.()?.focus({ preventScroll: true });
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

/** Whether a person has ticked a box or chosen a file: a yes to what is shown, and to nothing else. */
function isTicked(field) {
  return field.type === "file" ? field.value !== "" : field.checked !== field.defaultChecked;
}

/** Whether a person has typed or chosen something that is not sent yet. */
function isTyped(field) {
  if (!field.matches("select")) return field.value !== field.defaultValue;
  const options = [...field.options];
  const first = options.find((option) => option.defaultSelected) ?? options.find((option) => !option.disabled);
  return field.selectedOptions[0] !== first;
}

/**
 * A function that finds the element again in the region's new content: by its id, or among its like, of which there must
 * be as many as before. Otherwise Enter might mean another folder.
 */
function remember(region, element) {
  const { id } = element;
  if (id) return () => document.getElementById(id);
  const sign = signOf(element);
  const before = listLike(region, element.tagName, sign);
  return () => {
    const now = listLike(region, element.tagName, sign);
    return now.length === before.length ? now[before.indexOf(element)] : null;
  };
}

function listLike(region, tag, sign) {
  return [...region.querySelectorAll(tag)].filter((each) => signOf(each) === sign);
}

/** What it does and says, without numbers, and in which part: `Rename` of which folder. */
function signOf(element) {
  const form = element.form ?? element.closest("details")?.querySelector("form");
  const words = element.getAttribute("aria-label") ?? element.textContent;
  const acts = ["href", "name", ...(element.matches(TYPED) ? [] : ["value"])].map((name) => element.getAttribute(name));
  const part = element.parentElement.closest("[id]")?.id;
  return JSON.stringify([...acts, form?.getAttribute("action"), words.replace(/\d+/g, ""), part]);
}

/** As the server sent it. Its copy belongs to a document that loads nothing. */
function asServed(picture, page) {
  const copy = page.importNode(picture);
  copy.classList.remove("is-drawn");
  if (!copy.className) copy.removeAttribute("class");
  return copy;
}

customElements.define("live-region", LiveRegion);
