// <date-rail>: years and months beside the scroll bar. A slider: drag it, click it, or use the arrow keys.
//
// It has the scale of the scroll bar, because both follow the heights of the months.

import { placeMarks } from "./month-layout.js";
import { sayMonths } from "./words.js";

const LEAST_WINDOWS = 3; // a shorter gallery needs no rail
const SHOWN_MS = 1200; // after the last movement, on devices without a pointer that hovers

class DateRail extends HTMLElement {
  /** Follows the grid from now on. */
  attach(grid) {
    this.grid = grid;
    this.slider = this.querySelector("[role=slider]");
    this.label = this.querySelector("output");
    this.marks = this.querySelector(".marks");
    grid.addEventListener("counted", () => this.measure());
    addEventListener("scroll", () => this.drawSoon(), { passive: true });
    addEventListener("resize", () => this.measure());
    this.addEventListener("pointerdown", (event) => this.onPointer(event));
    this.addEventListener("pointermove", (event) => this.onHover(event));
    this.addEventListener("pointerleave", () => this.hover(null));
    this.slider.addEventListener("keydown", (event) => this.onKey(event));
    this.measure();
  }

  get sections() {
    return this.grid.layout.sections;
  }

  measure() {
    const { height } = this.grid.layout;
    this.bar = document.querySelector(".bar").offsetHeight; // asked here: on each frame it would lay the page out
    const isNeeded = this.sections.length > 1 && height > LEAST_WINDOWS * innerHeight;
    this.hidden = !isNeeded;
    document.body.classList.toggle("has-rail", isNeeded);
    if (!isNeeded) return;
    this.slider.setAttribute("aria-valuemax", String(this.sections.length - 1));
    this.drawMarks();
    this.draw();
  }

  drawMarks() {
    const marks = placeMarks(this.grid.layout, this.clientHeight);
    this.marks.replaceChildren(...marks.map(({ kind, y, text }) => makeMark(kind, y, text)));
  }

  drawSoon() {
    if (this.hidden) return;
    this.classList.add("is-moving");
    clearTimeout(this.fading);
    this.fading = setTimeout(() => this.classList.remove("is-moving"), SHOWN_MS);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (this.hidden) return;
    const at = this.findMonth(this.scrolled);
    const words = this.sayAt(at);
    this.style.setProperty("--at", String(this.scrolled / this.grid.layout.height));
    this.slider.setAttribute("aria-valuenow", String(at));
    this.slider.setAttribute("aria-valuetext", words);
    if (!this.isHovered) this.label.textContent = words;
  }

  sayAt(at) {
    const { month, last } = this.sections[at];
    return sayMonths(month, last);
  }

  /** How far the grid's upper edge is above the bar. */
  get scrolled() {
    const { height } = this.grid.layout;
    return Math.min(Math.max(scrollY + this.bar - this.grid.above, 0), height);
  }

  findMonth(top) {
    const at = this.sections.findIndex(({ bottom }) => bottom > top + 1);
    return at < 0 ? this.sections.length - 1 : at;
  }

  scrollToTop(top) {
    scrollTo({ top: top <= 0 ? 0 : this.grid.above + top - this.bar, behavior: "instant" });
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.findMonth(this.scrolled);
    const moves = {
      ArrowDown: () => at + 1,
      ArrowRight: () => at + 1,
      ArrowUp: () => at - 1,
      ArrowLeft: () => at - 1,
      PageDown: () => this.findOtherYear(at, 1),
      PageUp: () => this.findOtherYear(at, -1),
      Home: () => 0,
      End: () => this.sections.length - 1,
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(Math.max(moves[event.key](), 0), this.sections.length - 1);
    this.scrollToTop(this.sections[next].top);
  }

  /** The first month of the year after or before that of this month, in the order of the gallery. */
  findOtherYear(at, direction) {
    const yearOf = (index) => this.sections[index]?.month.slice(0, 4);
    let next = at;
    while (this.sections[next + direction] && yearOf(next) === yearOf(at)) next += direction;
    while (direction < 0 && next > 0 && yearOf(next - 1) === yearOf(next)) next -= 1;
    return next;
  }

  partOf(event) {
    const box = this.getBoundingClientRect();
    return Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1);
  }

  onPointer(down) {
    if (down.button !== 0) return;
    down.preventDefault();
    this.slider.focus({ preventScroll: true });
    const follow = (event) => this.scrollToTop(this.partOf(event) * this.grid.layout.height);
    const control = new AbortController();
    this.setPointerCapture(down.pointerId);
    this.classList.add("is-dragged");
    follow(down);
    this.addEventListener("pointermove", follow, { signal: control.signal });
    const end = () => {
      control.abort();
      this.classList.remove("is-dragged");
    };
    this.addEventListener("pointerup", end, { signal: control.signal });
    this.addEventListener("pointercancel", end, { signal: control.signal });
  }

  onHover(event) {
    if (event.pointerType === "mouse") this.hover(this.partOf(event));
  }

  /** The label says the month under the pointer; otherwise the one at the window's upper edge. */
  hover(part) {
    this.isHovered = part !== null;
    this.style.setProperty("--label-at", part === null ? "var(--at)" : String(part));
    if (part === null) this.draw();
    else this.label.textContent = this.sayAt(this.findMonth(part * this.grid.layout.height));
  }
}

function makeMark(kind, y, text) {
  const mark = document.createElement("span");
  mark.className = kind;
  mark.style.top = `${y}px`;
  mark.textContent = text;
  return mark;
}

customElements.define("date-rail", DateRail);
