// A question that the server asks on a page, in a dialog of this page: what would happen, and which way.

import { BASE } from "./base.js";
import { Problem } from "./api.js";
import { sayDone } from "./toast.js";

const SILENT = "Strandline does not answer. Try again in a moment.";

const dialog = document.querySelector("dialog.ask");

let asked = null; // what is open: {title, looking, doing, act, late}
let finish = null; // ends it, with what was done or null

/**
 * Shows what the page at `place`, such as `delete`, asks about these fields. Resolves with what `act` returned for the last step, or null.
 *
 * A form with `data-step` is that step: `act(fields)` does it, and `doing` is what its button says meanwhile. A form with
 * `data-download` is sent as it is. Any other form leads to the next question. If somebody has closed the dialog before it
 * was done, `late` gets the result, and a failure is told as what was done is. One question at a time.
 */
export async function askQuestion(place, fields, question) {
  if (dialog.open) return null;
  close(null); // one that has just been closed, and whose event is still to come
  asked = question;
  const answered = new Promise((resolve) => { finish = resolve; });
  fill(question.title, question.looking);
  dialog.showModal();
  dialog.focus();
  show(`${BASE}/${place}`, new URLSearchParams(fields));
  return answered;
}

async function show(address, fields) {
  const wait = finish;
  try {
    const answer = await fetch(address, { method: "POST", body: fields, headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = page.getElementById("question");
    if (!question) throw new Error(page.querySelector("main p")?.textContent ?? SILENT);
    if (wait !== finish) return; // somebody has closed the dialog meanwhile
    question.className = "stack";
    dialog.querySelector(".asked").replaceChildren(document.adoptNode(question));
    (dialog.querySelector("form[data-step] button:enabled, form[data-download] button") ?? dialog.querySelector("button:enabled, a")).focus();
  } catch (error) {
    if (wait === finish) fail(error);
  }
}

function fill(title, text) {
  const part = dialog.querySelector("template").content.cloneNode(true);
  part.querySelector("h2").textContent = title;
  part.querySelector("p").textContent = text;
  dialog.querySelector(".asked").replaceChildren(part);
}

/** What was asked for is not possible: the reason, instead of the question. */
function fail(error) {
  fill("That did not work", error instanceof TypeError ? SILENT : error.message);
  dialog.querySelector("button").focus();
}

async function act(form, button, fields) {
  const [wait, question] = [finish, asked];
  for (const each of form.querySelectorAll("button")) each.disabled = true;
  const label = button?.querySelector("span");
  const tell = (words) => { if (label) label.textContent = words; };
  tell(question.doing);
  try {
    const done = await question.act(fields, tell);
    if (wait === finish) close(done);
    else question.late(done);
  } catch (error) {
    if (wait !== finish) sayDone(`${question.title} did not work: ${error.message}`);
    else if (error instanceof Problem && error.code === "in-several-folders") show(form.action.replace(/\/confirmed$/, ""), new URLSearchParams(fields));
    else fail(error);
  }
}

function close(done) {
  const answer = finish;
  finish = null;
  if (dialog.open) dialog.close();
  answer?.(done);
}

dialog?.addEventListener("click", (event) => {
  if (event.target !== dialog && !event.target.closest("[data-do=cancel]")) return; // outside of it is the backdrop
  event.preventDefault();
  close(null);
});
dialog?.addEventListener("close", () => { if (!dialog.open) close(null); }); // it comes late, perhaps after the next question
dialog?.addEventListener("error", ({ target }) => target.remove(), true); // a picture that cannot be drawn is an empty place
dialog?.addEventListener("keydown", (event) => event.stopPropagation()); // not what the gallery does with keys
dialog?.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.hasAttribute("data-download")) {
    setTimeout(() => close(true)); // the browser sends it first
    return;
  }
  event.preventDefault();
  const fields = new FormData(form, submitter);
  if (form.dataset.step) act(form, submitter, fields);
  else show(form.action, new URLSearchParams(fields));
});
