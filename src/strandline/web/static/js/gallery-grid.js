// <gallery-grid>: all images of the gallery with one true scroll bar; only the tiles near the window exist.
//
// The server rendered the first screen in the same layout. Those tiles are reused in place, so nothing jumps. The page
// is as high as all months together from the start, because heights follow from counts.

import { ImageSource } from "./image-source.js";
import { listen } from "./live.js";
import { findVisible, joinSmallMonths, layOut, locate, step } from "./month-layout.js";
import { onViewChange } from "./tile-view.js";
import { makeTile, refreshPicture, setListing, setTileSize, showFailure, showImage } from "./tile.js";
import { sayCount, sayMonths } from "./words.js";

const OVERSCAN = 0.75; // of a window's height, above and below
const COUNTING_MS = 120; // until the server is asked again while it is counting
const MOST_COUNTINGS = 40; // so often it is asked for a person who waits
const PAUSE_MS = 500; // between two refreshes; twice as long after each one during which images arrived
const MOST_PAUSE_MS = 3000; // so a burst of thousands, as while saving, does not draw every picture on its way
const SEARCHED = 200; // positions on each side in which a moved image is looked for
const SETTLE_MS = 50; // a scroll bar that is dragged asks for nothing on its way

class GalleryGrid extends HTMLElement {
  connectedCallback() {
    this.sections = new Map(); // month → {element, list, count, tiles: Map(index → tile)}
    this.current = 0;
    this.pause = PAUSE_MS;
    this.start(JSON.parse(document.getElementById("first-screen").textContent));
    this.addEventListener("error", (event) => this.onPictureError(event), true);
    addEventListener("scroll", () => this.drawSoon(), { passive: true });
    addEventListener("beforeprint", () => this.sayOnPaper());
    new ResizeObserver(() => this.measure()).observe(this);
    onViewChange(() => this.measure());
    listen(["image."], (event) => this.onEvent(event));
    listen(["scan.finished", "sd.added", "sd.online", "sd.offline"], () => this.refresh());
  }

  get count() {
    return this.layout?.count ?? 0;
  }

  /** Shows the images of other filters, from the top. Rejects with a Problem, or AbortError after another call. */
  async filter(query) {
    const source = this.makeSource(query);
    if (this.upcoming !== this.source) this.upcoming?.close(); // what was asked for before this
    this.upcoming = source;
    await source.loadMonths();
    this.source.close();
    this.source = source;
    setListing(query);
    for (const month of [...this.sections.keys()]) this.dropSection(month);
    this.current = 0;
    this.measure();
  }

  /** The image at this position, newest first; undefined if it is not available. */
  async imageAt(number) {
    const place = this.layout && locate(this.layout, number);
    return place ? this.source.fetchOne(place.section.month, place.index).catch(() => undefined) : undefined;
  }

  /** All images from this position on, in pages; those that are not available are left out. */
  async imagesFrom(number, count) {
    const found = [];
    let at = number;
    while (at < Math.min(number + count, this.count)) {
      const { section, index } = locate(this.layout, at);
      const end = Math.min(section.count, index + number + count - at);
      found.push(...await this.source.fetchPart(section.month, index, end));
      at = section.first + end;
    }
    return found;
  }

  /** The first position in the month of this heading, and the month's number of images. */
  monthOf(element) {
    const { month } = element.closest(".month").dataset;
    return this.layout.sections.find((section) => section.month === month);
  }

  /** The position of the image above or below. */
  numberBeside(number, direction) {
    return step(this.layout, number, direction);
  }

  /** Moves the keyboard focus to a tile, wherever it is. */
  focusOn(number) {
    if (!this.count) return;
    this.current = Math.min(Math.max(number, 0), this.count - 1);
    this.reveal(this.current);
    this.draw();
    this.tileAt(this.current)?.querySelector("a").focus({ preventScroll: true });
  }

  /** Fetches again what has changed. The focus goes to the tile that has its place now. */
  async showAgain() {
    this.focusOn(this.current);
    for (let tries = 0; tries < MOST_COUNTINGS; tries += 1) {
      this.source.expire();
      await this.source.loadMonths().catch(() => {}); // the server is away: its return asks again
      this.measure();
      if (this.source.isFresh) break;
      await new Promise((resume) => { setTimeout(resume, COUNTING_MS); });
    }
    if (document.activeElement === document.body) this.focusOn(this.current);
  }

  /** The id of the image that the tile at this position shows: what a person sees is what they mean. */
  idAt(number) {
    return this.tileAt(number)?.dataset.id ?? "";
  }

  /** The position of the tile that contains an element, or -1. */
  numberOf(element) {
    const tile = element.closest(".tile");
    const section = tile && this.sections.get(tile.parentElement.parentElement.dataset.month);
    if (!section) return -1;
    const place = this.layout.sections.find(({ month }) => month === section.month);
    return place.first + Number(tile.dataset.index);
  }

  /** Where an image is that was at this position when it was shown: others may have arrived meanwhile. */
  findNumber(id, near) {
    for (let away = 0; away <= SEARCHED; away += 1) {
      for (const number of [near - away, near + away]) {
        const place = locate(this.layout, number);
        if (place && this.source.get(place.section.month, place.index)?.image_id === id) return number;
      }
    }
    return near;
  }

  tileAt(number) {
    const place = locate(this.layout, number);
    return place && this.sections.get(place.section.month)?.tiles.get(place.index);
  }

  makeSource(query) {
    return new ImageSource(query, () => this.drawSoon(), () => this.countAgain());
  }

  start({ query, months, files, fresh, images }) {
    this.source = this.makeSource(new URLSearchParams(query));
    setListing(this.source.query);
    this.source.months = joinSmallMonths(months);
    this.source.files = files;
    let at = 0;
    for (const { month, count } of this.source.months) {
      const part = images.slice(at, at + count);
      if (!part.length) break;
      this.source.fill(month, 0, part);
      at += part.length;
    }
    for (const element of this.querySelectorAll(".month")) this.adopt(element);
    this.measure();
    if (!fresh) this.refresh();
  }

  /** Asks for the months alone: pages that are as long as they were counted stay. */
  async countAgain() {
    if (await this.source.loadMonths().catch(() => false)) this.measure();
    if (!this.source.isFresh) setTimeout(() => this.refresh(), COUNTING_MS);
  }

  adopt(element) {
    const list = element.querySelector(".tiles");
    const tiles = new Map(Array.from(list.children, (tile, index) => [index, tile]));
    this.sections.set(element.dataset.month, { month: element.dataset.month, element, list, tiles, count: -1 });
    for (const [index, tile] of tiles) {
      tile.dataset.index = String(index);
      const picture = tile.querySelector("img");
      if (picture.src && picture.complete && !picture.naturalWidth) showFailure(tile);
    }
  }

  measure() {
    const style = getComputedStyle(this);
    const pixels = (name) => parseFloat(style.getPropertyValue(name)) * (style.getPropertyValue(name).includes("rem") ? this.rem() : 1);
    const isTop = this.classList.contains("is-virtual");
    const anchor = isTop && this.layout ? this.findAnchor() : null;
    this.layout = layOut(this.source.months, {
      width: this.clientWidth,
      least: pixels("--tile-min"),
      gap: pixels("--gap"),
      heading: pixels("--month"),
    });
    setTileSize(this.layout.tile * devicePixelRatio);
    this.classList.add("is-virtual");
    this.style.height = `${this.layout.height}px`;
    this.style.setProperty("--columns", String(this.layout.columns));
    this.style.setProperty("--tile-least", "0px");
    this.above = this.getBoundingClientRect().top + scrollY;
    this.hidden = this.count === 0;
    if (anchor) this.restore(anchor);
    this.dispatchEvent(new CustomEvent("counted", { detail: this.count, bubbles: true }));
    this.draw();
  }

  /** Paper has the tiles that exist now, near what the window shows. It says how many that is. */
  sayOnPaper() {
    const shown = this.querySelectorAll(".tile").length;
    const words = document.querySelector(".on-paper");
    words.hidden = shown >= this.count;
    words.textContent = `${shown.toLocaleString("en")} of ${sayCount(this.count, "image")}: those near what was on the screen.`;
  }

  rem() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  /** The tile at the window's upper edge, so that it can stay there when the layout changes. */
  findAnchor() {
    const top = scrollY - this.above;
    if (top < this.layout.pitch) return null;
    const [{ section, from } = {}] = findVisible(this.layout, top + this.layout.heading, top + innerHeight);
    if (!section) return null;
    const place = locate(this.layout, Math.min(section.first + from, this.count - 1));
    const image = this.source.get(section.month, place.index);
    return { month: section.month, index: place.index, id: image?.image_id, offset: place.top - top };
  }

  restore({ month, index, id, offset }) {
    const section = this.layout.sections.find((each) => each.month === month);
    if (!section) return;
    let at = Math.min(index, section.count - 1);
    for (let near = Math.max(0, index - 50); id && near < Math.min(section.count, index + 50); near += 1) {
      if (this.source.get(month, near)?.image_id === id) at = near;
    }
    const { top } = locate(this.layout, section.first + at);
    if (Math.abs(this.above + top - offset - scrollY) > 1) scrollTo({ top: this.above + top - offset, behavior: "instant" });
  }

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    const top = scrollY - this.above;
    const parts = findVisible(this.layout, top - innerHeight * OVERSCAN, top + innerHeight * (1 + OVERSCAN));
    const visible = new Set(parts.map(({ section }) => section.month));
    for (const month of [...this.sections.keys()]) if (!visible.has(month)) this.dropSection(month);
    for (const part of parts) this.drawSection(part);
    this.fetchSoon(parts, top);
  }

  drawSection({ section, firstRow, from, to }) {
    const drawn = this.sections.get(section.month) ?? this.makeSection(section.month);
    place(drawn.element, "top", section.top);
    place(drawn.element, "height", section.bottom - section.top);
    place(drawn.list, "top", this.layout.heading + firstRow * this.layout.pitch);
    if (drawn.count !== section.count || drawn.last !== section.last) {
      Object.assign(drawn, { count: section.count, last: section.last });
      this.sayMonths(drawn.element, section);
    }
    for (const [index, tile] of drawn.tiles) {
      if (index < from || index >= to) {
        tile.remove();
        drawn.tiles.delete(index);
      }
    }
    let next = drawn.list.firstElementChild;
    for (let index = from; index < to; index += 1) {
      let tile = drawn.tiles.get(index);
      if (!tile) {
        tile = makeTile();
        tile.dataset.index = String(index);
        drawn.tiles.set(index, tile);
        drawn.list.insertBefore(tile, next);
      } else if (tile === next) next = tile.nextElementSibling;
      this.dress(tile, section, index);
    }
    this.dressHead(drawn, section);
  }

  /** Whether all images of the month are selected, some, or none; under a filter, of those that are listed. */
  dressHead({ element, tiles }, section) {
    const known = this.chosenInMonth?.(section.month) ?? 0;
    const chosen = [...tiles.values()].filter((tile) => tile.classList.contains("is-chosen")).length;
    const isAll = known >= section.count && chosen === tiles.size;
    const isSome = chosen > 0 || (known > 0 && tiles.size < section.count);
    element.querySelector(".pick-month").setAttribute("aria-pressed", isAll ? "true" : isSome ? "mixed" : "false");
  }

  dress(tile, section, index) {
    const image = this.source.get(section.month, index);
    showImage(tile, image);
    const isCurrent = section.first + index === this.current;
    tile.querySelector("a").tabIndex = isCurrent ? 0 : -1;
    for (const [name, value] of [["aria-setsize", String(section.count)], ["aria-posinset", String(index + 1)]]) {
      if (tile.getAttribute(name) !== value) tile.setAttribute(name, value);
    }
    const isChosen = Boolean(image) && this.chosen?.has(image.image_id);
    tile.classList.toggle("is-chosen", isChosen);
    tile.querySelector(".pick").setAttribute("aria-pressed", String(Boolean(isChosen)));
    if (image && this.arrived?.delete(image.image_id)) tile.classList.add("has-arrived");
  }

  makeSection(month) {
    const element = document.createElement("section");
    element.className = "month";
    element.dataset.month = month;
    const head = document.createElement("div");
    head.className = "month-head";
    const heading = document.createElement("h2");
    heading.id = `month-${month}`;
    heading.append(" ", document.createElement("span"));
    const pick = document.createElement("button");
    pick.className = "pick-month";
    pick.type = "button";
    head.append(heading, pick);
    const list = document.createElement("ol");
    list.className = "tiles";
    list.setAttribute("aria-labelledby", heading.id);
    element.append(head, list);
    const later = new Set(this.layout.sections.slice(this.layout.sections.findIndex((each) => each.month === month) + 1).map((each) => each.month));
    this.insertBefore(element, [...this.children].find((other) => later.has(other.dataset.month)) ?? null);
    const section = { month, element, list, tiles: new Map(), count: -1 };
    this.sections.set(month, section);
    return section;
  }

  sayMonths(element, section) {
    const words = sayMonths(section.month, section.last);
    const heading = element.querySelector("h2");
    heading.firstChild.textContent = `${words} `;
    heading.querySelector("span").textContent = sayCount(section.count, "image");
    element.querySelector(".pick-month").setAttribute("aria-label", `Select ${words}`);
  }

  dropSection(month) {
    this.sections.get(month).element.remove();
    this.sections.delete(month);
  }

  fetchSoon(parts, top) {
    clearTimeout(this.settling);
    const want = () => {
      this.wantedAt = top;
      this.source.want(parts.map(({ section, from, to }) => ({ month: section.month, count: section.count, from, to })));
    };
    if (this.wantedAt === undefined || Math.abs(top - this.wantedAt) < innerHeight) want();
    else this.settling = setTimeout(want, SETTLE_MS);
  }

  reveal(number) {
    const { top } = locate(this.layout, number);
    const y = this.above + top;
    const bar = document.querySelector(".bar").offsetHeight + this.layout.heading;
    if (y < scrollY + bar) scrollTo({ top: y - bar, behavior: "instant" });
    else if (y + this.layout.tile > scrollY + innerHeight - 24) scrollTo({ top: y + this.layout.tile - innerHeight + 24, behavior: "instant" });
  }

  onPictureError(event) {
    const tile = event.target.closest?.(".tile");
    if (tile && event.target.getAttribute("src")) showFailure(tile);
  }

  onEvent(event) {
    if (event.type === "reset") for (const tile of this.querySelectorAll(".tile[data-failed]")) refreshPicture(tile);
    if (event.type === "image.available") (this.arrived ??= new Set()).add(event.image_id);
    if (["image.available", "image.changed"].includes(event.type)) {
      for (const tile of this.querySelectorAll(`.tile[data-id="${CSS.escape(event.image_id)}"]`)) refreshPicture(tile);
    }
    this.refresh();
  }

  /** Fetches the months and the visible pages again. One refresh at a time; the next one follows after a pause. */
  async refresh() {
    this.source.expire();
    if (this.refreshing) {
      this.refreshAgain = true;
      return;
    }
    this.refreshing = true;
    try {
      const isOther = await this.source.loadMonths();
      if (isOther) this.measure();
      else this.draw();
      if (!this.source.isFresh) setTimeout(() => this.refresh(), COUNTING_MS);
    } catch {
      // the server is away; the next event, or its return, asks again
    }
    await new Promise((resume) => { setTimeout(resume, this.pause); });
    this.refreshing = false;
    this.pause = this.refreshAgain ? Math.min(2 * this.pause, MOST_PAUSE_MS) : PAUSE_MS;
    if (this.refreshAgain) {
      this.refreshAgain = false;
      this.refresh();
    }
  }
}

function place(element, side, value) {
  const text = `${value}px`;
  if (element.style[side] !== text) element.style[side] = text;
}

customElements.define("gallery-grid", GalleryGrid);
