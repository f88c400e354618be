// How tiles look: their size, whether pictures are cropped to squares or shown whole, and whether their names are always
// there: a finger does not point. Kept in this browser.
//
// It is imported before the grid, so the grid measures the tiles once, as they are wanted.

const KEY = "strandline-tiles";
const SIZES = ["small", "medium", "large"];

const view = { size: 1, isWhole: false, hasNames: false, ...load() };
const changed = new Set();
show();

/** Calls `hear()` after each change, and makes the buttons of the page work. */
export function onViewChange(hear) {
  changed.add(hear);
}

export function connectViewButtons(group) {
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.do === "whole") view.isWhole = !view.isWhole;
    else if (button.dataset.do === "names") view.hasNames = !view.hasNames;
    else view.size += button.dataset.do === "larger" ? 1 : -1;
    show();
    save();
    draw(group);
    for (const hear of changed) hear();
  });
  draw(group);
}

function draw(group) {
  group.querySelector("[data-do=whole]").setAttribute("aria-pressed", String(view.isWhole));
  group.querySelector("[data-do=names]").setAttribute("aria-pressed", String(view.hasNames));
  for (const [name, end] of [["smaller", 0], ["larger", SIZES.length - 1]]) {
    // not `disabled`, which would take the focus away from a person who has just pressed it for the last time
    group.querySelector(`[data-do=${name}]`).setAttribute("aria-disabled", String(view.size === end));
  }
}

function show() {
  view.size = Math.min(Math.max(view.size, 0), SIZES.length - 1);
  document.body.dataset.tiles = SIZES[view.size];
  document.body.classList.toggle("has-whole-pictures", view.isWhole);
  document.body.classList.toggle("has-names", view.hasNames);
}

function load() {
  try {
    const { size, isWhole, hasNames } = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return { size: Number.isInteger(size) ? size : 1, isWhole: isWhole === true, hasNames: hasNames === true };
  } catch {
    return {}; // nothing may be stored here
  }
}

function save() {
  try {
    localStorage.setItem(KEY, JSON.stringify(view));
  } catch {
    // until the page is left, then
  }
}
