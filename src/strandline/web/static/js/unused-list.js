// The page of unused pictures: how many are chosen, and deleting them with the question in a dialog.

import { deleteImages } from "./deleting.js";

const region = document.getElementById("care");

function listChosen() {
  return Array.from(region.querySelectorAll(".pick-trashed input:checked"), (box) => box.value);
}

function count() {
  const button = document.getElementById("delete-chosen");
  if (!button) return;
  const { length } = listChosen();
  document.getElementById("chosen-count").textContent = length ? `${length.toLocaleString("en")} selected` : "";
  button.disabled = !length;
  button.form.toggleAttribute("data-busy", length > 0); // nothing moves while somebody chooses
}

region.addEventListener("change", count);
region.addEventListener("refreshed", count);
region.addEventListener("submit", async (event) => {
  if (!event.target.matches(".trash-form")) return;
  event.preventDefault();
  if (!(await deleteImages(listChosen(), () => region.dispatchEvent(new Event("refresh"))))) return;
  region.dispatchEvent(new Event("refresh"));
});
addEventListener("pageshow", count); // a browser that goes back keeps what was ticked
count();
