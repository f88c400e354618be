// <later-part address="…" part="uses">: a part of a page that takes its time, fetched once a person can see its place.
//
// Without it there is a link to the page that has the part. If the part cannot be fetched, the link stays.

class LaterPart extends HTMLElement {
  connectedCallback() {
    this.seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.load();
    });
    this.seen.observe(this);
  }

  disconnectedCallback() {
    this.seen.disconnect();
  }

  async load() {
    this.seen.disconnect();
    try {
      const answer = await fetch(this.getAttribute("address"), { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = page.getElementById(this.getAttribute("part"));
      if (part) this.replaceChildren(document.adoptNode(part));
    } catch {
      // the server is away: the link stays
    }
  }
}

customElements.define("later-part", LaterPart);
