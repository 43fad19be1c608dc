// <ui-time><time datetime="…">22 November 2026, 10:40</time></ui-time> says “5 minutes ago” and keeps the full date as its title.
const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
];

class UiTime extends HTMLElement {
  connectedCallback() {
    this.time = this.querySelector("time");
    if (!this.time) return;
    this.full ??= this.time.textContent.trim();
    this.time.title = this.full;
    this.show();
    this.timer = setInterval(() => this.show(), 60000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  show() {
    let ago = (Date.parse(this.time.dateTime) - Date.now()) / 1000;
    const words = new Intl.RelativeTimeFormat(document.documentElement.lang || undefined, { numeric: "auto" });
    for (const [unit, size] of STEPS) {
      if (Math.abs(ago) < size) {
        this.time.textContent = words.format(Math.round(ago), unit);
        return;
      }
      ago /= size;
    }
    this.time.textContent = this.full;
  }
}

customElements.define("ui-time", UiTime);
