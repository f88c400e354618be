// The page of the trash: how many are chosen, and pictures that cannot be drawn.

const region = document.getElementById("trash");

function count() {
  const form = region.querySelector(".trash-form");
  if (!form) return;
  const number = form.querySelectorAll("input:checked").length;
  document.getElementById("trash-chosen").textContent = number ? `${number.toLocaleString("en")} selected` : "";
  document.getElementById("restore-chosen").disabled = !number;
  form.toggleAttribute("data-busy", number > 0); // nothing moves while somebody chooses
}

function showFailures() {
  for (const picture of region.querySelectorAll(".trashed-picture img")) {
    if (picture.complete && !picture.naturalWidth) picture.parentElement.classList.add("no-picture");
  }
}

region.addEventListener("change", count);
region.addEventListener("error", ({ target }) => target.parentElement?.classList.add("no-picture"), true);
region.addEventListener("refreshed", () => {
  count();
  showFailures();
});
addEventListener("pageshow", count); // a browser that goes back keeps what was ticked
count();
showFailures();
