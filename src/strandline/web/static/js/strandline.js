// What every page runs.

import "./copying.js";
import "./folder-field.js";
import "./fold-note.js";
import "./live-region.js";
import "./scan-form.js";
import "./take-in.js";

// A picture that has gone since is an empty place, not a broken one.
document.addEventListener("error", (event) => {
  if (event.target.matches?.(".thumb img")) event.target.classList.add("is-away");
}, true);

// Filters send themselves; their button is for browsers without scripts.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-eager]");
  form?.requestSubmit();
});
