// A colour of one's own: a field for its digits, the browser's chooser beside it, and buttons that take a colour or none.
// Half-written digits are kept back: a colour is sent when one has finished writing it.
class OwnColour extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("[data-path]");
    this.field.addEventListener("input", (event) => event.isTrusted && event.stopPropagation());
    this.field.addEventListener("change", () => this.take(this.field.value.trim()));
    // Only once it is chosen: while somebody drags, the chooser tells of every colour on the way.
    this.querySelector("[data-colour-pick]").addEventListener("change", (event) => this.take(event.target.value));
    this.closest(".field").addEventListener("click", (event) => {
      const button = event.target.closest("[data-colour-take]");
      if (button) this.take(button.dataset.colourTake);
    });
  }

  take(colour) {
    this.field.value = colour;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("own-colour", OwnColour);
