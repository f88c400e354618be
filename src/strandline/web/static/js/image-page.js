// The page of an image: its button that deletes asks in a dialog, and the page then shows how the image comes back.

import { deleteImages } from "./deleting.js";

const region = document.getElementById("image");

region.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-deletes]");
  if (!form) return;
  event.preventDefault();
  if (await deleteImages([form.dataset.deletes], () => refreshAnd("delete-image"))) refreshAnd("bring-back");
});

/** Once the page shows what has changed, the focus is on what takes it back. */
function refreshAnd(focused) {
  const move = () => {
    const button = document.getElementById(focused);
    if (!button) return;
    region.removeEventListener("refreshed", move);
    button.focus();
  };
  region.addEventListener("refreshed", move);
  region.dispatchEvent(new Event("refresh"));
}
