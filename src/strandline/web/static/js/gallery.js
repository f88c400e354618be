// The gallery page: connects the grid with its filters, the keyboard, the selection, and the lightbox.

import { BASE } from "./base.js";
import "./date-rail.js";
import { DayFields } from "./day-fields.js";
import "./gallery-grid.js";
import "./light-box.js";
import { onLongPress } from "./long-press.js";
import "./save-images.js";
import { Selection } from "./selection.js";
import { connectViewButtons } from "./tile-view.js";
import { harmless, sayImages } from "./words.js";

/** Choices after which a gallery without images is empty, instead of one in which nothing matches. */
const NO_FILTERS = new Set(["sd", "sort", "reverse"]);

/** What the button for filters on a phone does not count: it is not behind it, or filters nothing. */
const NOT_COUNTED = new Set(["q", "sort", "reverse"]);

const TYPING_MS = 180; // after the last letter of a search
const SLOW_MS = 400; // an answer that takes longer is worth a word

const grid = document.querySelector("gallery-grid");
const lightBox = document.querySelector("light-box");
const form = document.querySelector(".filters");

if (grid) {
  const selection = new Selection(grid, document.querySelector(".chosen"));
  grid.addEventListener("click", (event) => onClick(event, selection));
  onLongPress(grid, (target) => selectTile(target, selection));
  addEventListener("keydown", (event) => onKey(event, selection));
  grid.addEventListener("counted", (event) => showCount(event.detail));
  document.getElementById("around").addEventListener("refreshed", () => grid.measure()); // it is above
  showCount(grid.count);
  document.querySelector("date-rail").attach(grid);
  const view = document.querySelector(".view");
  connectViewButtons(view);
  const isNarrow = matchMedia("(max-width: 40rem)");
  keepElsewhere(view, form.querySelector(".filter-fields"), isNarrow);
  keepElsewhere(document.getElementById("export"), document.querySelector("#add .menu-list"), isNarrow);
}
if (form) listenToFilters();
document.querySelector("[data-do=keys]")?.addEventListener("click", () => document.querySelector(".keys").showModal());

/** On a phone, it is behind a button, so the head of the page is small and never moves. */
function keepElsewhere(part, menu, isNarrow) {
  const [head, next] = [part.parentElement, part.nextElementSibling];
  const place = () => {
    if (isNarrow.matches) menu?.append(part);
    else head.insertBefore(part, next);
  };
  isNarrow.addEventListener("change", place);
  place();
}

function onClick(event, selection) {
  const pick = event.target.closest(".pick-month");
  if (pick) {
    selection.toggleMonth(grid.monthOf(pick), pick.getAttribute("aria-pressed") === "true");
    return;
  }
  const number = grid.numberOf(event.target);
  if (number < 0 || event.button !== 0) return;
  const isPick = event.target.closest(".pick");
  if (!isPick && !event.shiftKey && (event.ctrlKey || event.metaKey)) return; // a new tab, as everywhere
  event.preventDefault();
  grid.current = number;
  if (event.shiftKey) selection.extendTo(number);
  else if (isPick || (selection.size && event.detail)) selection.toggle(number); // Enter has no detail: it opens
  else lightBox.open(grid, number);
  grid.draw();
}

/** A finger that stays on a tile selects it, as in every gallery on a phone. */
function selectTile(target, selection) {
  const number = grid.numberOf(target);
  if (number >= 0) selection.toggle(number);
}

function onKey(event, selection) {
  if (document.querySelector("dialog[open]") || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    if (event.key !== "a" || event.target.closest("input, select, textarea") || !grid.count) return;
    event.preventDefault(); // the text of the page is not what somebody wants here
    selection.selectAll();
    return;
  }
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") grid.focusOn(grid.current);
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    form.elements.q.select();
    form.elements.q.focus();
  } else if (event.key === "?") document.querySelector(".keys").showModal();
  else if (event.key === "Escape") selection.clear();
  else if (event.key === "Delete" || event.key === "Backspace") onDeleteKey(event, selection);
  else if (event.key === "Tab" && !event.shiftKey && selection.isAny && event.target.closest(".tile")) {
    event.preventDefault(); // not by way of the heads of all months that are below
    selection.focusBar();
  }
  else if (event.target.closest(".tile a") || isNowhere(event.target)) onGridKey(event, selection);
}

/** What is selected, wherever the focus is; otherwise the image with the focus. */
function onDeleteKey(event, selection) {
  const number = grid.numberOf(event.target);
  if (!selection.isAny && number < 0) return;
  event.preventDefault();
  if (number >= 0) grid.current = number;
  selection.delete();
}

/** A click beside everything leaves the focus on the page, or on its main part. */
function isNowhere(element) {
  return element === document.body || element.id === "main";
}

function onGridKey(event, selection) {
  const moves = {
    ArrowLeft: () => grid.current - 1,
    ArrowRight: () => grid.current + 1,
    ArrowUp: () => grid.numberBeside(grid.current, -1),
    ArrowDown: () => grid.numberBeside(grid.current, 1),
    Home: () => 0,
    End: () => grid.count - 1,
  };
  const isOnTile = !isNowhere(event.target);
  if (!grid.count) return;
  if (isOnTile) grid.current = grid.numberOf(event.target); // assistive technology moves the focus by itself
  if (moves[event.key]) {
    event.preventDefault();
    const next = isOnTile || !event.key.startsWith("Arrow") ? moves[event.key]() : grid.current;
    if (event.shiftKey && isOnTile) {
      selection.anchor ??= grid.current;
      selection.extendTo(Math.min(Math.max(next, 0), grid.count - 1));
    }
    grid.focusOn(next);
  } else if (event.key === " " && isOnTile) {
    event.preventDefault();
    selection.toggle(grid.current);
  }
}

function listenToFilters() {
  let typing = 0;
  const ask = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  let applied = ask().toString();
  let slow = 0;
  const days = new DayFields(form.querySelector(".days"), () => apply());
  const apply = () => {
    clearTimeout(typing);
    const query = ask();
    days.check(query);
    if (query.toString() === applied) return;
    applied = query.toString();
    const address = query.size ? `${BASE}/?${query}` : `${BASE}/`;
    if (!grid) { // a later page without scripts' grid
      location.assign(address);
      return;
    }
    history.replaceState(history.state, "", address);
    showTitle();
    document.getElementById("around").dispatchEvent(new Event("refresh"));
    clearTimeout(slow);
    slow = setTimeout(() => showBusy(true), SLOW_MS);
    grid.filter(query).then(() => true, (error) => {
      if (error.name === "AbortError") return false;
      applied = null;
      days.say(error.message);
      return true;
    }).then((isLatest) => {
      if (!isLatest) return;
      clearTimeout(slow);
      showBusy(false);
    });
  };
  form.noValidate = true; // a browser's own message would move the focus
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener(grid ? "input" : "change", (event) => {
    if (event.target === form.elements.sd) form.elements.folder?.remove(); // it is a folder of the other one
    clearTimeout(typing);
    typing = setTimeout(apply, event.target.matches("input") ? TYPING_MS : 0);
  });
  const opener = form.querySelector(".filters-open");
  const isOpen = () => form.querySelector(".filter-fields").checkVisibility();
  const open = (isWanted) => {
    form.classList.toggle("is-open", isWanted);
    form.classList.toggle("is-closed", !isWanted);
    opener.setAttribute("aria-expanded", String(isWanted));
    grid?.measure(); // it is below
  };
  open(isOpen()); // as the style sheet has them
  opener.addEventListener("click", () => open(!isOpen()));
}

/** What is shown is not yet what was asked for. */
function showBusy(isBusy) {
  grid.setAttribute("aria-busy", String(isBusy));
  if (isBusy) document.getElementById("count").textContent = "Searching…";
  else showCount(grid.count);
}

function showTitle() {
  const { value, selectedOptions: [option] } = form.elements.sd;
  const folder = form.elements.folder?.value.replace(/^.*\//, "");
  const title = folder ? harmless(folder) : value ? option.text : "All images";
  document.querySelector("h1").textContent = title;
  document.title = `${title} · Strandline`;
}

function showCount(count) {
  document.getElementById("count").textContent = sayImages(count, grid.source.files);
  const link = document.getElementById("export");
  link.href = `${BASE}/export${grid.source.query.size ? `?${grid.source.query}` : ""}`;
  link.hidden = !count;
  const isFiltered = [...grid.source.query.keys()].some((name) => !NO_FILTERS.has(name));
  const set = [...grid.source.query.keys()].filter((name) => !NOT_COUNTED.has(name)).length;
  document.getElementById("filters-set").textContent = set ? ` (${set})` : "";
  document.getElementById("clear-filters").hidden = !set;
  const hasAny = count > 0 || document.querySelector(".waiting") !== null;
  const unknownFolder = document.getElementById("no-such-folder");
  if (hasAny || !grid.source.query.has("folder")) unknownFolder?.remove();
  document.getElementById("nothing-fits").hidden = hasAny || !isFiltered || Boolean(unknownFolder?.isConnected);
  document.getElementById("nothing-yet").hidden = hasAny || isFiltered;
  const heading = document.getElementById("is-empty"); // there is another one if nothing can be saved
  if (heading) heading.textContent = form.elements.sd.value ? `${document.querySelector("h1").textContent} is empty` : "No images yet";
}
