// <ask-first>: a form whose button asks in a dialog before it sends. Without scripts, a box must be ticked instead.

class AskFirst extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    const dialog = this.querySelector("dialog");
    const box = form.querySelector("input[name=sure]");
    box.closest("label").hidden = true;
    form.querySelector("button").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
      dialog.querySelector("[data-do=cancel]").focus();
    });
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog || target.closest("[data-do=cancel]")) dialog.close(); // outside of it is the backdrop
      else if (target.closest("[data-do=go]")) {
        box.checked = true;
        target.closest("button").disabled = true;
        form.submit();
      }
    });
  }
}

customElements.define("ask-first", AskFirst);
