// A toast goes by itself, waits while it is pointed at or focused, and offers its Undo, or a link, for longer.
// It is put into the live region again, because screen readers skip what was there when the page came.
const LASTS = 7000;
const LASTS_WITH_MORE = 20000;

class UiToast extends HTMLElement {
  connectedCallback() {
    if (!this.dataset.said) {
      this.dataset.said = "yes";
      const region = this.parentElement;
      this.remove();
      setTimeout(() => region?.append(this), 100);
      return;
    }
    this.addEventListener("click", (event) => {
      if (event.target.closest(".toast-close")) this.remove();
    });
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.remove();
    });
    for (const stop of ["pointerenter", "focusin"]) this.addEventListener(stop, () => clearTimeout(this.timer));
    for (const go of ["pointerleave", "focusout"]) this.addEventListener(go, () => this.wait());
    this.wait();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  wait() {
    clearTimeout(this.timer);
    if (this.dataset.stays !== undefined) return;
    this.timer = setTimeout(() => this.remove(), this.querySelector("form, a") ? LASTS_WITH_MORE : LASTS);
  }
}

customElements.define("ui-toast", UiToast);

// An exchange that got no answer at all says so, instead of doing nothing.
document.addEventListener("htmx:error", (event) => {
  const words = event.detail.ctx && document.getElementById("offline");
  if (words) document.getElementById("toasts").append(words.content.cloneNode(true));
});
