// <light-box>: one image at a time, large, on a dark background. A modal dialog: the browser keeps the focus in it.

import { ask } from "./api.js";
import { BASE } from "./base.js";
import { copyFrom } from "./copying.js";
import { deleteImages } from "./deleting.js";
import { drawTile, FirstLook } from "./first-look.js";
import { fetchImage } from "./image-source.js";
import { listen } from "./live.js";
import { addressOfPage, addressOfSmall } from "./tile.js";
import { HAS_PICTURE, harmless, sayBytes, sayDay, sayPaths, sayState, sayType, titleOf } from "./words.js";

const ZOOMS = [1, 1.5, 2.5, 4, 8];
const SWIPE = 60; // pixels
const ADDRESS_MS = 250; // browsers refuse many changes of the address in a short time

class LightBox extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.stage = this.querySelector(".stage");
    this.picture = this.querySelector(".stage img");
    this.firstLook = new FirstLook(this.querySelector(".first-look"), this.picture);
    this.addEventListener("click", (event) => this.onClick(event));
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
    this.dialog.addEventListener("close", () => this.onClose());
    this.picture.addEventListener("load", () => this.onLoad());
    this.picture.addEventListener("error", () => this.onFailure());
    this.picture.addEventListener("dblclick", (event) => this.zoomTo(this.zoom > 1 ? 1 : 2.5, event));
    this.stage.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.onPointer(event));
    listen(["image."], (event) => this.onEvent(event));
    addEventListener("popstate", () => this.onReturn());
    addEventListener("counted", () => this.findPlace());
  }

  /** Opens the image at this position of the grid. */
  open(grid, number) {
    this.grid = grid;
    history.scrollRestoration = "manual"; // closing goes to the tile of the last image, not back to the first one's
    history.pushState({ lightbox: true }, "");
    this.dialog.showModal();
    this.dialog.focus();
    return this.show(number);
  }

  async show(number) {
    this.number = number;
    this.count = this.grid.count;
    this.isPresent = false; // until the image of this number is shown
    this.zoomTo(1);
    this.showEnds();
    const image = await this.grid.imageAt(number);
    if (this.number !== number || !image) return;
    this.present(image);
    this.isPresent = true;
    if (this.count !== this.grid.count) this.findPlace();
    for (const near of [number + 1, number - 1]) this.preload(near);
  }

  /** Images came or went: the one that is open has another number, and other neighbors. */
  async findPlace() {
    if (!this.dialog.open || !this.isPresent) return;
    const { number, image: { image_id } } = this;
    const place = await findAgain(this.grid, image_id, number, this.count);
    if (this.number !== number || this.image.image_id !== image_id || !this.isPresent) return;
    this.number = Math.max(0, Math.min(place, this.grid.count - 1));
    this.count = this.grid.count;
    this.showEnds();
    this.showPlace();
  }

  showEnds() {
    this.querySelector("[data-do=back]").disabled = this.number <= 0;
    this.querySelector("[data-do=on]").disabled = this.number >= this.grid.count - 1;
  }

  showPlace() {
    this.querySelector(".lightbox-place").textContent = [this.sayNumber(), this.image.day && sayDay(this.image.day)].filter(Boolean).join(" · ");
  }

  /** Shows this image at the open position. */
  present(image) {
    this.image = image;
    this.querySelector("h2").textContent = titleOf(image);
    this.showPlace();
    this.showAddress();
    const download = this.querySelector("[data-do=download]");
    download.href = `${BASE}/i/${image.image_id}?original=1`;
    download.hidden = image.state === "missing";
    const state = sayState(image.state);
    if (HAS_PICTURE.has(image.state)) this.showPicture(image);
    else if (image.state === "unseen") this.showUnseen(image.isDoubtful ? this.sayWhy() : "This picture was not found when its folder was last looked at.");
    else this.showUnseen(`This image is ${state.word === "another image" ? "another one than its name says" : state.word}.`);
    this.showFacts(image, state);
    this.querySelector("[role=status]").textContent = this.sayPlace(image, state);
  }

  sayNumber() {
    return `${(this.number + 1).toLocaleString("en")} of ${this.grid.count.toLocaleString("en")}`;
  }

  /** The address is that of the image's own page, so it can be loaded again, kept, and sent to somebody. */
  showAddress() {
    clearTimeout(this.addressing);
    this.addressing = setTimeout(() => {
      if (this.dialog.open && history.state?.lightbox) history.replaceState(history.state, "", addressOfPage(this.image));
    }, ADDRESS_MS);
  }

  /** What a screen reader says after each turn: the name, the day, the state if it is not fine, and the place. */
  sayPlace(image, state) {
    return [titleOf(image), image.day && sayDay(image.day), state?.word, this.sayNumber()].filter(Boolean).join(", ");
  }

  showPicture(image) {
    this.isSmall = false;
    this.querySelector(".small-copy").hidden = true;
    this.querySelector(".unseen").hidden = true;
    this.picture.hidden = false;
    this.picture.alt = titleOf(image);
    this.picture.src = `${BASE}/i/${image.image_id}`;
    this.firstLook.show(image);
  }

  onLoad() {
    this.firstLook.end();
    this.querySelector(".small-copy").hidden = !this.isSmall;
    this.completeFacts();
  }

  /**
   * The folder of the picture may be away, or the server. This browser may still have the small copy that its tile shows.
   * Of what no browser draws, there may be one, too.
   */
  async onFailure() {
    if (this.isSmall) {
      this.showUnseen(this.sayWhy());
      return;
    }
    const { image } = this;
    this.isSmall = true;
    const isAway = !image.away && (await isServerAway());
    if (this.image !== image || !this.isSmall) return;
    const why = image.away ? `${harmless(image.away)} is offline.` : isAway ? "Strandline does not answer." : "This picture cannot be drawn here as it is.";
    this.querySelector(".small-copy").textContent = `${why} This is a small copy.`;
    this.picture.src = drawTile(image) ?? addressOfSmall(image);
  }

  sayWhy() {
    if (!document.querySelector(".connection").hidden) return "Strandline does not answer, so this picture cannot be fetched now.";
    const { away, isDoubtful, sd_name } = this.image;
    if (isDoubtful) return `${harmless(sd_name)} has lost too many files at once, so Strandline cannot tell whether this picture is gone.`;
    if (away) return `${harmless(away)} is offline, so this picture cannot be read now.`;
    return this.image.state === "present" ? "This picture cannot be drawn here. You can download it." : "There is no picture yet.";
  }

  showUnseen(words) {
    this.firstLook.end();
    this.querySelector(".small-copy").hidden = true;
    this.picture.hidden = true;
    this.picture.removeAttribute("src");
    const unseen = this.querySelector(".unseen");
    unseen.hidden = false;
    unseen.querySelector("p").textContent = words;
    unseen.querySelector("a").href = addressOfPage(this.image);
  }

  showFacts(image, state) {
    const isOther = image.hasOtherFacts; // the numbers are those of a bad file, and a conflict copy is shown instead
    const facts = [
      ["State", state?.word],
      ["Type", sayType(image.media_type)],
      ["Pixels", !isOther && image.width && image.height && `${image.width} × ${image.height}`],
      ["Size", !isOther && sayBytes(image.size_bytes)],
      ["Taken", image.taken_at && sayDay(image.taken_at)],
      ["File date", !image.taken_at && image.file_date && sayDay(image.file_date)],
      ["Where", listOf(sayPaths(image))],
      ["Id", image.image_id],
    ];
    const list = this.querySelector(".facts");
    list.replaceChildren();
    for (const [name, value] of facts) {
      if (!value) continue;
      const term = document.createElement("dt");
      const words = document.createElement("dd");
      term.textContent = name;
      words.append(value);
      list.append(term, words);
    }
    this.querySelector("[data-do=more]").href = addressOfPage(image);
  }

  /** A new image is first read when it is sent. Only then are its size and date known. */
  async completeFacts() {
    const image = this.image;
    if (image.width) return;
    const fresh = await fetchImage(image.image_id, this.grid.source.query).catch(() => null);
    if (fresh?.width && this.image === image) this.showFacts((this.image = fresh), sayState(fresh.state));
  }

  async preload(number) {
    if (number < 0 || number >= this.grid.count) return;
    const image = await this.grid.imageAt(number);
    if (image && HAS_PICTURE.has(image.state) && image.state === "present") new Image().src = `${BASE}/i/${image.image_id}`;
  }

  turn(by) {
    const next = this.number + by;
    if (next >= 0 && next < this.grid.count) this.show(next);
  }

  onClick(event) {
    const button = event.target.closest("[data-do]");
    const acts = {
      close: () => this.dialog.close(),
      back: () => this.turn(-1),
      on: () => this.turn(1),
      nearer: () => this.zoomBy(1),
      farther: () => this.zoomBy(-1),
      facts: () => this.toggleFacts(),
      delete: () => this.delete(),
      copy: () => copyFrom(button, ask(`/images/${this.image.image_id}`).then(({ markdown }) => markdown)),
    };
    acts[button?.dataset.do]?.();
  }

  onKey(event) {
    const acts = {
      ArrowLeft: () => this.turn(-1),
      ArrowRight: () => this.turn(1),
      Home: () => this.show(0),
      End: () => this.show(this.grid.count - 1),
      "+": () => this.zoomBy(1),
      "=": () => this.zoomBy(1),
      "-": () => this.zoomBy(-1),
      0: () => this.zoomTo(1),
      i: () => this.toggleFacts(),
      Delete: () => this.delete(),
      Backspace: () => this.delete(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  /** Asks, deletes, and goes on to the image that has its place in the gallery then. */
  async delete() {
    if (!this.image || !(await deleteImages([this.image.image_id], () => this.goOn()))) return;
    await this.goOn();
    if (this.dialog.open) this.dialog.focus();
  }

  async goOn() {
    await this.grid.showAgain();
    if (!this.dialog.open) return;
    if (this.grid.count) await this.show(Math.min(this.number, this.grid.count - 1));
    else this.dialog.close();
  }

  /** The open image has arrived, changed, or gone: show what is there now. */
  async onEvent(event) {
    if (!this.dialog.open || event.image_id !== this.image?.image_id) return;
    const fresh = await fetchImage(event.image_id, this.grid.source.query).catch(() => null);
    if (fresh && this.image.image_id === fresh.image_id && fresh.state !== this.image.state) this.present(fresh);
    else if (!fresh && event.type === "image.removed" && this.image.image_id === event.image_id) this.showUnseen("This image is gone.");
  }

  toggleFacts() {
    const aside = this.querySelector("aside");
    aside.hidden = !aside.hidden;
    this.querySelector("[data-do=facts]").setAttribute("aria-expanded", String(!aside.hidden));
  }

  zoomBy(direction) {
    const at = ZOOMS.findIndex((zoom) => zoom >= this.zoom);
    this.zoomTo(ZOOMS[Math.min(Math.max(at + direction, 0), ZOOMS.length - 1)]);
  }

  /** Zooms; the point under the pointer stays where it is. */
  zoomTo(zoom, point = null) {
    const box = this.stage.getBoundingClientRect();
    const x = point ? point.clientX - box.left - box.width / 2 : 0;
    const y = point ? point.clientY - box.top - box.height / 2 : 0;
    const ratio = zoom / (this.zoom ?? 1);
    this.zoom = zoom;
    this.moveTo(zoom === 1 ? 0 : x - (x - this.x) * ratio, zoom === 1 ? 0 : y - (y - this.y) * ratio);
    this.stage.classList.toggle("is-zoomed", zoom > 1);
  }

  moveTo(x, y) {
    const box = this.stage.getBoundingClientRect();
    const [mostX, mostY] = [(box.width * (this.zoom - 1)) / 2, (box.height * (this.zoom - 1)) / 2];
    this.x = Math.min(Math.max(x, -mostX), mostX) || 0;
    this.y = Math.min(Math.max(y, -mostY), mostY) || 0;
    const transform = this.zoom === 1 ? "" : `translate(${this.x}px, ${this.y}px) scale(${this.zoom})`;
    for (const { style } of [this.picture, this.firstLook.canvas]) style.transform = transform;
  }

  onWheel(event) {
    event.preventDefault();
    const zoom = Math.min(Math.max(this.zoom * Math.exp(-event.deltaY / 400), 1), ZOOMS.at(-1));
    this.zoomTo(zoom, event);
  }

  /** Drags a zoomed picture; swipes through pictures that are not. */
  onPointer(down) {
    if (down.target.closest("button, a") || !down.isPrimary) return;
    const [x, y] = [this.x, this.y];
    const isDrag = this.zoom > 1;
    const control = new AbortController();
    const move = (event) => {
      if (isDrag) this.moveTo(x + event.clientX - down.clientX, y + event.clientY - down.clientY);
    };
    const up = (event) => {
      control.abort();
      this.stage.classList.remove("is-moving");
      const across = event.clientX - down.clientX;
      const isSwipe = !isDrag && event.type === "pointerup" && down.pointerType !== "mouse" && Math.abs(across) > SWIPE;
      if (isSwipe) this.turn(across < 0 ? 1 : -1);
    };
    if (isDrag) {
      this.stage.classList.add("is-moving");
      this.stage.setPointerCapture(down.pointerId);
    }
    down.preventDefault();
    const { signal } = control;
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", up, { signal });
    addEventListener("pointercancel", up, { signal });
  }

  onClose() {
    this.firstLook.end();
    this.picture.removeAttribute("src");
    if (history.state?.lightbox) history.back();
    this.grid.focusOn(this.image ? this.grid.findNumber(this.image.image_id, this.number) : this.number);
  }

  onReturn() {
    if (history.state?.lightbox) location.replace(location.href); // forward again: to the page of that image
    if (this.dialog.open) this.dialog.close();
    setTimeout(() => { if (!this.dialog.open) history.scrollRestoration = "auto"; }); // once the browser has returned
  }
}

/** Where an image is that was at this position when there were so many. What is not here is asked for. */
async function findAgain(grid, id, near, count) {
  for (const number of new Set([near + grid.count - count, near])) {
    if ((await grid.imageAt(number))?.image_id === id) return number;
  }
  return grid.findNumber(id, near);
}

/** The live connection notices that only after a while. */
async function isServerAway() {
  return fetch(`${BASE}/static/mark.svg`, { cache: "no-store" }).then(() => false, () => true);
}

/** A list of texts, or null if there are none. */
function listOf(texts) {
  const list = document.createElement("ul");
  for (const text of texts) list.append(Object.assign(document.createElement("li"), { textContent: text }));
  return texts.length ? list : null;
}

customElements.define("light-box", LightBox);
