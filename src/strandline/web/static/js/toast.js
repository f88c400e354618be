// What was done, in a line at the bottom of the page, with a button that takes it back.

import { announce } from "./copying.js";
import { sayCount } from "./words.js";

const toast = document.querySelector(".toast");

let undo = null; // what takes it back

/** Says what was done. `refused` has what was not, with reasons; `takeBack` undoes it, if that is possible. */
export function offerUndo(words, refused, takeBack, { hasTrash = true } = {}) {
  undo = takeBack;
  say(words, refused, hasTrash);
}

/** Says what came of an undo, or of something that cannot be undone. */
export function sayDone(words, refused = []) {
  undo = null;
  say(words, refused, true);
}

function say(words, refused, hasTrash) {
  const more = refused.length ? `. ${sayCount(refused.length, "file")} not: ${refused[0].message}` : "";
  toast.querySelector("p").textContent = words + more;
  toast.querySelector("[data-do=undo]").hidden = !undo;
  toast.querySelector("a").hidden = !hasTrash;
  toast.hidden = false;
  (document.querySelector("dialog[open]") ?? document.body).append(toast); // beside an open dialog nothing can be pressed
  announce(undo ? `${words}${more}. Undo with Control Z` : `${words}${more}`);
}

function takeBack() {
  const act = undo;
  undo = null;
  act?.();
}

/** Takes the toast away, and with it the way to undo by a key. */
function dismiss() {
  toast.hidden = true;
  undo = null;
}

toast?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button?.dataset.do === "undo") takeBack();
  else if (button) dismiss();
});
addEventListener("keydown", (event) => {
  if (!undo || event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  takeBack();
});
// A dialog that closes must not take the toast with it.
document.addEventListener("close", ({ target }) => {
  if (target.contains(toast)) document.body.append(toast);
}, true);
