// Copying text to the clipboard, even if the text must still be fetched or the page is not "secure".

/** Copies the result of the promise. Call it in the click handler itself: browsers require that. */
export async function copyText(promise) {
  if (navigator.clipboard?.write && window.ClipboardItem) {
    const blob = Promise.resolve(promise).then((text) => new Blob([text], { type: "text/plain" }));
    try {
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      return;
    } catch {
      // not allowed, or not able to wait for the text: the old way
    }
  }
  const area = document.createElement("textarea");
  area.value = await promise;
  area.className = "for-readers";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (!isCopied) throw new Error("The browser did not let the page copy.");
}

/** Announces it to screen readers. */
export function announce(text) {
  const status = document.getElementById("status");
  if (status) status.textContent = text;
}

/** The button says "Copied" for a moment. */
export async function copyFrom(button, promise) {
  const label = button.querySelector("span") ?? button;
  button.dataset.label ??= label.textContent;
  try {
    await copyText(promise);
    label.textContent = "Copied";
    announce("Copied");
  } catch (error) {
    label.textContent = "Not copied";
    announce(error.message);
  }
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = String(setTimeout(() => { label.textContent = button.dataset.label; }, 1600));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-link]");
  if (!button) return;
  const text = button.dataset.copy ?? new URL(button.dataset.copyLink, location.href).href;
  copyFrom(button, Promise.resolve(text));
});
