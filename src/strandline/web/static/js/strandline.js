// What every page runs.

import "./left-image.js"; // first: others set the address
import "./asking-first.js";
import "./care-wait.js";
import "./copying.js";
import "./drop-menu.js";
import "./folder-field.js";
import "./fold-note.js";
import "./later-part.js";
import "./live-region.js";
import "./scan-form.js";
import "./take-in.js";

// A picture that has gone since is an empty place, not a broken one.
const MAY_BE_AWAY = ".thumb img, .shot img, .going img";
for (const kind of ["error", "load"]) {
  document.addEventListener(kind, ({ target }) => {
    if (target.matches?.(MAY_BE_AWAY)) target.classList.toggle("is-away", kind === "error");
  }, true);
}
for (const picture of document.querySelectorAll(MAY_BE_AWAY)) {
  if (picture.complete && !picture.naturalWidth) picture.classList.add("is-away"); // it failed before this ran
}

// A board is behind each picture, for those that can be seen through. Not before they are there: it would flash.
document.addEventListener("load", ({ target }) => {
  if (target.matches?.("img")) target.classList.add("is-drawn");
}, true);
for (const picture of document.images) {
  if (picture.complete && picture.naturalWidth) picture.classList.add("is-drawn"); // it came before this ran
}

// A file whose bytes are no picture, or one that cannot be drawn here, says so instead of showing an empty frame.
const MAY_FAIL = ".shown img, .preview a > img";
document.addEventListener("error", ({ target }) => {
  if (target.matches?.(MAY_FAIL)) showNoPicture(target);
}, true);
for (const picture of document.querySelectorAll(MAY_FAIL)) {
  if (picture.complete && !picture.naturalWidth) showNoPicture(picture);
}

function showNoPicture(picture) {
  const shown = picture.closest(".preview a") ?? picture;
  shown.hidden = true;
  shown.nextElementSibling.hidden = false;
}

// A long name is cut off in its field; the pointer shows the whole one.
document.addEventListener("change", ({ target }) => {
  if (target.matches("select[title]")) target.title = target.selectedOptions[0].text;
});

// Filters send themselves; their button is for browsers without scripts.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-eager]");
  form?.requestSubmit();
});
