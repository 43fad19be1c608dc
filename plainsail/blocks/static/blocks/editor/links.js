// Where a link leads: a page of this site, a section of this page, a file, the web, a mail address, a telephone.
export class LinkPicker {
  constructor(dialog, session) {
    this.dialog = dialog;
    this.session = session;
    this.form = dialog.querySelector("form");
    this.target = dialog.querySelector("[data-link-target]");
    this.list = dialog.querySelector("[data-link-list]");
    this.remove = dialog.querySelector("[data-link-remove]");
    document.addEventListener("click", (event) => this.fromField(event.target.closest("[data-pick-link]")));
    document.addEventListener("picklink", async (event) => event.detail.answer(await this.ask(event.detail.before)));
    this.target.addEventListener("input", () => this.filter());
    this.list.addEventListener("click", (event) => this.take(event.target.closest("[data-target]")?.dataset.target));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.target.addEventListener("keydown", (event) => this.key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(written(this.target.value));
    });
    this.remove.addEventListener("click", () => this.take(""));
    dialog.addEventListener("close", () => this.answer?.(undefined));
  }

  // A promise of the target: empty takes the link away, undefined leaves it.
  async ask(before = "") {
    this.target.value = before;
    this.remove.hidden = !before;
    const response = await fetch(this.session.settings.links).catch(() => undefined);
    if (response?.ok) this.list.innerHTML = await response.text();
    this.filter();
    this.dialog.showModal();
    this.target.focus();
    this.target.select();
    return new Promise((answer) => (this.answer = answer));
  }

  take(target) {
    if (target === undefined) return;
    this.answer?.(target);
    this.answer = undefined;
    this.dialog.close();
  }

  async fromField(button) {
    if (!button) return;
    const input = document.getElementById(button.dataset.pickLink);
    const target = await this.ask(input.value);
    if (target === undefined) return button.focus();
    input.value = target;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  }

  // What is written narrows the list; of an address that stands there already all is shown.
  filter() {
    const words = this.target.value.trim().toLowerCase();
    const items = [...this.list.querySelectorAll("[data-target]")];
    const isTarget = !words || items.some((item) => item.dataset.target === words);
    for (const item of items) item.hidden = !isTarget && !`${item.textContent} ${item.dataset.target}`.toLowerCase().includes(words);
    for (const group of this.list.querySelectorAll("[data-link-group]")) {
      group.hidden = !group.querySelector("[data-target]:not([hidden])");
    }
  }

  key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const items = [...this.list.querySelectorAll("[data-target]")].filter((item) => item.offsetParent);
    const at = items.indexOf(event.target.closest("[data-target]"));
    (items[at + by] ?? (by < 0 ? this.target : items.at(-1)))?.focus();
  }
}

// What somebody writes, as a link: ada@example.com, 030 123456 and example.com mean what they look like.
export function written(words) {
  const target = words.trim();
  if (!target || /^([a-z]+:|[/#?])/i.test(target) || target.startsWith("{{")) return target;
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(target)) return `mailto:${target}`;
  if (/^\+?[\d\s()/.-]{5,}$/.test(target)) return `tel:${target.replace(/[^\d+]/g, "")}`;
  if (/^[^\s/]+\.[a-z]{2,}([/?#:].*)?$/i.test(target)) return `https://${target}`;
  return target;
}
