// <folder-field>: completes the path of a folder on the server's machine while it is typed.
//
// A combobox: arrows move through the folders, Enter takes one, Escape closes the list. Without scripts it is a plain
// field. A folder that cannot be added is listed with the reason, unless the element has the attribute `any`; with
// `archives`, ZIP files are listed, too.

import { BASE } from "./base.js";

const HOME = "~/";
const TYPING_MS = 150;
const CLICK_MS = 200; // from the end of a press to its click, at most
const PATIENCE_MS = 6000; // a share that does not answer has a limit of 5 s on the server

let count = 0;

let isPressed = false; // a button of the mouse, or a finger; noticed once for all fields, which come and go with their page
for (const kind of ["pointerdown", "pointerup", "pointercancel"]) {
  window.addEventListener(kind, () => { isPressed = kind === "pointerdown"; }, true);
}

class FolderField extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.list = document.createElement("ul");
    this.list.id = `folders-${count += 1}`;
    this.list.className = "choices";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Folders");
    this.append(this.makeOpener(), this.list);
    this.active = -1;
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
    })) this.field.setAttribute(name, value);
    this.field.addEventListener("input", () => {
      this.isBrowsed = false;
      this.askSoon();
    });
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.field.addEventListener("blur", () => this.closeSoon());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => this.take([...this.list.children].indexOf(event.target.closest("li"))));
  }

  /** A button that shows the folders without a letter being typed, from the home on, or in the one that is typed. */
  makeOpener() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button browse";
    button.textContent = "Browse";
    button.setAttribute("aria-label", "Browse folders");
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    button.addEventListener("click", () => {
      const isOpen = !this.list.hidden;
      if (isOpen) this.close();
      else {
        if (!this.field.value) this.field.value = HOME;
        this.field.focus();
        this.isBrowsed = true;
        this.ask();
      }
    });
    return button;
  }

  askSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), TYPING_MS);
  }

  async ask() {
    this.control?.abort();
    const control = this.control = new AbortController();
    const patience = setTimeout(() => control.abort(), PATIENCE_MS);
    try {
      const query = new URLSearchParams({ path: this.field.value });
      if (this.hasAttribute("archives")) query.set("archives", "1");
      const answer = await fetch(`${BASE}/folders/within?${query}`, { signal: control.signal });
      const { folders, archives = [], above = null } = answer.ok ? await answer.json() : { folders: [] };
      const files = archives.map((path) => ({ path, isFile: true }));
      if (this.control === control) this.show([...folders, ...files], above);
    } catch {
      if (this.control === control) this.close(); // otherwise a newer question ended this one
    } finally {
      clearTimeout(patience);
    }
  }

  /** `top` is the folder above the home, which the text does not say. */
  show(folders, top) {
    if (this.isBrowsed && !folders.length && this.field.value === HOME) { // nothing to choose from: begin at the top
      this.field.value = "/";
      this.ask();
      return;
    }
    if (document.activeElement !== this.field || !folders.length) {
      this.close();
      return;
    }
    const above = this.isBrowsed ? (findAbove(this.field.value) ?? top) : null;
    const options = above === null ? folders : [{ path: above, name: "..", objection: null }, ...folders];
    this.list.replaceChildren(...options.map((option, number) => this.makeOption(option, number)));
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
    this.point(-1);
    this.list.scrollIntoView({ block: "nearest" });
  }

  makeOption({ path, name, isFile, objection: found }, number) {
    const objection = this.hasAttribute("any") ? null : found; // such a field names a folder to look into
    const option = document.createElement("li");
    const end = path.lastIndexOf("/") + 1;
    const above = document.createElement("span");
    const title = document.createElement("bdi");
    option.id = `${this.list.id}-${number}`;
    option.dataset.path = path;
    if (isFile) option.dataset.file = "";
    if (name) option.dataset.up = "1";
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.setAttribute("aria-label", name ? `The folder above: ${path || "/"}` : objection ? `${path}. ${objection}` : path);
    above.className = "above"; // below the name, in one line whose beginning is cut if it is long
    above.append(document.createElement("bdi"));
    above.firstChild.textContent = name ? path || "/" : path.slice(0, end);
    title.textContent = name ?? path.slice(end);
    option.append(above, title);
    if (objection) {
      const why = document.createElement("small");
      why.textContent = objection;
      option.append(why);
      option.setAttribute("aria-disabled", "true");
    }
    return option;
  }

  /** After a click elsewhere: if what is below moved up at once, the click would miss it. */
  closeSoon() {
    clearTimeout(this.closing);
    this.closing = setTimeout(() => {
      if (isPressed) this.closeSoon();
      else if (document.activeElement !== this.field) this.close();
    }, CLICK_MS);
  }

  close() {
    this.isBrowsed = false;
    clearTimeout(this.timer);
    this.control?.abort();
    this.control = null;
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.point(-1);
  }

  point(number) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = number;
    const option = this.list.children[number];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.field.setAttribute("aria-activedescendant", option.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  onKey(event) {
    const isOpen = !this.list.hidden;
    const many = this.list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) this.ask();
      else if (event.key === "ArrowDown") this.point(this.active + 1 < many ? this.active + 1 : 0);
      else this.point(this.active > 0 ? this.active - 1 : many - 1);
    } else if (event.key === "Enter" && isOpen && (this.active >= 0 || this.isBrowsed)) {
      event.preventDefault();
      const first = [...this.list.children].findIndex((option) => !option.dataset.up); // who browses opens the first one
      this.take(this.active >= 0 ? this.active : Math.max(first, 0));
    } else if (event.key === "Escape") {
      if (isOpen) event.preventDefault();
      this.close();
    }
  }

  /** Puts the folder into the field. Its own folders come next; Enter then sends the form. */
  take(number) {
    const option = this.list.children[number];
    if (!option) return;
    if ("file" in option.dataset) {
      this.field.value = option.dataset.path;
      this.field.focus();
      this.close();
      return;
    }
    this.field.value = `${option.dataset.path}/`;
    this.field.focus();
    this.ask();
  }
}

/** The folder above the one whose folders are listed for this text, without a slash at its end. Null if there is none. */
function findAbove(text) {
  const within = text.slice(0, text.lastIndexOf("/"));
  return within.includes("/") ? within.slice(0, within.lastIndexOf("/")) : null;
}

customElements.define("folder-field", FolderField);
