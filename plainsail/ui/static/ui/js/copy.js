// <ui-copy data-done="Copied"> around a textarea and a button: the button copies the textarea's value and says so.
class UiCopy extends HTMLElement {
  connectedCallback() {
    const [input, button] = [this.querySelector("textarea"), this.querySelector("button")];
    if (!CSS.supports("field-sizing", "content")) {
      const grow = () => {
        input.style.height = "auto";
        input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
      };
      new ResizeObserver(grow).observe(this);
    }
    button?.addEventListener("click", async () => {
      input.select();
      try {
        await navigator.clipboard.writeText(input.value);
      } catch {
        return; // not allowed here: the text is selected, so the keyboard can copy it
      }
      const words = button.querySelector("[data-words]");
      const before = words.textContent;
      words.textContent = this.dataset.done;
      setTimeout(() => {
        words.textContent = before;
      }, 2000);
    });
  }
}

customElements.define("ui-copy", UiCopy);
