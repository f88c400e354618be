// The page of the trash: what is chosen, one by one, by ranges, or all of a deletion, and pictures that cannot be drawn.

const region = document.getElementById("trash");
let last = null; // the id of the box that was changed last

const boxesIn = (part) => [...part.querySelectorAll("input[name=trash_id]")];

function count() {
  const form = region.querySelector(".trash-form");
  if (!form) return;
  const number = boxesIn(form).filter((box) => box.checked).length;
  document.getElementById("trash-chosen").textContent = number ? `${number.toLocaleString("en")} selected` : "";
  document.getElementById("restore-chosen").disabled = !number;
  form.toggleAttribute("data-busy", number > 0); // nothing moves while somebody chooses
  for (const all of form.querySelectorAll(".pick-all")) {
    all.hidden = false; // without this script, it would do nothing
    const boxes = boxesIn(all.closest(".deletion"));
    const chosen = boxes.filter((box) => box.checked).length;
    const box = all.querySelector("input");
    box.checked = chosen === boxes.length;
    box.indeterminate = chosen > 0 && !box.checked;
  }
}

/** With Shift, everything from the last one that was changed to this one becomes as this one is. */
function onClick({ target, shiftKey }) {
  if (!target.matches?.("input[name=trash_id]")) return;
  const boxes = boxesIn(region);
  const [from, to] = [boxes.findIndex((box) => box.id === last), boxes.indexOf(target)].sort((one, other) => one - other);
  if (shiftKey && from >= 0) for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
  last = target.id;
  count();
}

function onChange({ target }) {
  if (target.closest(".pick-all")) for (const box of boxesIn(target.closest(".deletion"))) box.checked = target.checked;
  count();
}

function showFailures() {
  for (const picture of region.querySelectorAll(".trashed-picture img")) {
    if (picture.complete && !picture.naturalWidth) picture.parentElement.classList.add("no-picture");
  }
}

region.addEventListener("click", onClick);
region.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) event.preventDefault(); // it presses no button
});
region.addEventListener("change", onChange);
region.addEventListener("error", ({ target }) => target.parentElement?.classList.add("no-picture"), true);
region.addEventListener("refreshed", () => {
  count();
  showFailures();
});
addEventListener("pageshow", count); // a browser that goes back keeps what was ticked
count();
showFailures();
