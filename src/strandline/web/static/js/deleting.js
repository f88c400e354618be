// Deleting: the question of the page /delete in a dialog, and how the answer is undone.

import { Problem, tell } from "./api.js";
import { BASE } from "./base.js";
import { announce } from "./copying.js";
import { sayCount } from "./words.js";

const dialog = document.querySelector("dialog.ask");
const toast = document.querySelector(".toast");

let finish = null; // ends the question that is open, with a report or null
let undo = null; // what the toast takes back: {report, changed}

/**
 * Asks, and deletes. Resolves with the report, `{plan, done, refused}`, or null if nothing was deleted.
 *
 * `changed()` is called after an undo. One question at a time.
 */
export async function deleteImages(ids, changed) {
  if (!ids.length || dialog.open) return null;
  const answered = new Promise((resolve) => { finish = resolve; });
  dialog.querySelector(".asked").replaceChildren(dialog.querySelector("template").content.cloneNode(true));
  dialog.showModal();
  dialog.focus();
  show(new URLSearchParams({ images: ids.join(" ") }));
  const report = await answered;
  if (report) offerUndo(report, changed);
  return report;
}

/** Shows what the server asks about these images. */
async function show(fields) {
  const wait = finish;
  try {
    const answer = await fetch(`${BASE}/delete`, { method: "POST", body: fields, headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = page.getElementById("delete");
    if (!question) throw new Error(page.querySelector("main p")?.textContent ?? "Strandline does not answer. Try again in a moment.");
    if (wait !== finish) return; // somebody has closed the dialog meanwhile
    question.className = "stack";
    dialog.querySelector(".asked").replaceChildren(document.adoptNode(question));
    (dialog.querySelector("form[data-step] button") ?? dialog.querySelector("button, a")).focus();
  } catch (error) {
    if (wait === finish) fail(error);
  }
}

/** What was asked for is not possible: the reason, instead of the question. */
function fail(error) {
  const part = dialog.querySelector("template").content.cloneNode(true);
  part.querySelector("h2").textContent = "That did not work";
  part.querySelector("p").textContent = error instanceof TypeError ? "Strandline does not answer. Try again in a moment." : error.message;
  dialog.querySelector(".asked").replaceChildren(part);
  dialog.querySelector("button").focus();
}

async function remove(form) {
  const fields = new FormData(form);
  const button = form.querySelector("button");
  button.disabled = true;
  button.querySelector("span").textContent = "Deleting…";
  const wait = finish;
  try {
    const report = await tell("/images/delete", { image_ids: fields.get("images").split(" "), sds: fields.getAll("sd") });
    if (wait === finish) close(report);
    else offerUndo(report, () => {});
  } catch (error) {
    if (error instanceof Problem && error.code === "in-several-folders") show(new URLSearchParams(fields));
    else fail(error);
  }
}

function close(report) {
  const answer = finish;
  finish = null;
  if (dialog.open) dialog.close();
  answer?.(report);
}

dialog?.addEventListener("click", (event) => {
  if (event.target !== dialog && !event.target.closest("[data-do=cancel]")) return; // outside of it is the backdrop
  event.preventDefault();
  close(null);
});
dialog?.addEventListener("close", () => close(null));
dialog?.addEventListener("error", ({ target }) => target.remove(), true); // a picture that cannot be drawn is an empty place
dialog?.addEventListener("keydown", (event) => event.stopPropagation()); // not what the gallery does with keys
dialog?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.dataset.step) remove(event.target);
  else show(new URLSearchParams(new FormData(event.target, event.submitter)));
});

function offerUndo(report, changed) {
  const images = new Set(report.done.map((row) => row.image_id)).size;
  undo = { report, changed };
  say(`${sayCount(images, "image")} deleted`, report.refused, true);
}

async function takeBack() {
  if (!undo) return;
  const { report, changed } = undo;
  undo = null;
  const ofFolder = new Map();
  for (const { sd_id, sd_name, image_id } of report.done) {
    const sd = sd_id ?? sd_name;
    ofFolder.set(sd, (ofFolder.get(sd) ?? new Set()).add(image_id));
  }
  const images = new Set();
  const refused = [];
  for (const [sd, ids] of ofFolder) {
    try {
      const restored = await tell("/trash/restore", { image_ids: [...ids], sd });
      for (const row of restored.done) images.add(row.image_id);
      refused.push(...restored.refused);
    } catch (error) {
      refused.push({ message: error.message });
    }
  }
  say(images.size ? `${sayCount(images.size, "image is", "images are")} back` : "Nothing came back", refused, false);
  changed?.(images);
}

function say(words, refused, canUndo) {
  const more = refused.length ? `. ${sayCount(refused.length, "file")} not: ${refused[0].message}` : "";
  toast.querySelector("p").textContent = words + more;
  toast.querySelector("[data-do=undo]").hidden = !canUndo;
  toast.hidden = false;
  (document.querySelector("dialog[open]") ?? document.body).append(toast); // beside an open dialog nothing can be pressed
  announce(canUndo ? `${words}${more}. Undo with Control Z` : `${words}${more}`);
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
