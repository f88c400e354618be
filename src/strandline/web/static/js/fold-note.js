// <fold-note name="…">: a note that can be folded to its first line. It stays so until the browser is closed.
//
// The name has the state of what the note is about. If that changes, the note is news, and is open again.

const KEY = "strandline-folded";

class FoldNote extends HTMLElement {
  connectedCallback() {
    const details = this.querySelector("details");
    if (!details) return;
    const name = this.getAttribute("name");
    details.open = !load().includes(name);
    const remember = (isOpen) => {
      const others = load().filter((each) => each !== name);
      save(isOpen ? others : [...others, name]);
    };
    // at once: the page may be drawn again before the browser tells that it is folded
    details.querySelector("summary").addEventListener("click", () => remember(!details.open));
    details.addEventListener("toggle", () => { if (details.isConnected) remember(details.open); });
  }
}

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? [];
  } catch {
    return []; // nothing may be stored here
  }
}

function save(names) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // until the page is left, then
  }
}

customElements.define("fold-note", FoldNote);
