// The real page in its frame: sections are chosen by clicking, words are changed in place, changed sections are exchanged.
import { readPath } from "../blocks/editor/panel.js";

export class Stage {
  constructor(editor, frame) {
    this.editor = editor;
    this.frame = frame;
    this.panel = editor.panel;
    this.later = {};
    editor.preview = (block, path, value) => this.preview(block, path, value);
  }

  get page() {
    return this.frame.contentDocument;
  }

  start(keys) {
    this.keys = keys;
    this.frame.addEventListener("load", () => this.wire());
    // A module may run after the frame has loaded.
    if (this.page?.readyState === "complete" && this.page.querySelector("main")) this.wire();
  }

  wire() {
    const page = this.page;
    if (!page || page.documentElement.dataset.wired) return;
    page.documentElement.dataset.wired = "yes";
    page.addEventListener("click", (event) => this.click(event));
    page.addEventListener("submit", (event) => event.preventDefault());
    page.addEventListener("input", (event) => this.write(event));
    page.addEventListener("keydown", (event) => this.key(event));
    page.addEventListener("focusout", (event) => this.leave(event));
    this.choose(this.editor.chosen, Boolean(this.scrollTo));
    this.scrollTo = undefined;
  }

  reload(block) {
    this.scrollTo = block;
    const top = this.frame.contentWindow.scrollY;
    this.frame.addEventListener("load", () => this.frame.contentWindow.scrollTo(0, top), { once: true });
    this.frame.contentWindow.location.reload();
  }

  section(block) {
    return this.page?.querySelector(`[data-block="${CSS.escape(block)}"]`);
  }

  choose(block, scroll = true) {
    for (const section of this.page?.querySelectorAll("[data-block]") ?? []) {
      section.classList.toggle("chosen", section.dataset.block === block);
    }
    if (scroll) this.section(block)?.scrollIntoView({ block: "nearest" });
  }

  async click(event) {
    const section = event.target.closest("[data-block]");
    const words = event.target.closest("[data-edit]");
    if (event.target.closest("a, button, label, [data-edit]")) event.preventDefault();
    if (!section) return;
    const block = section.dataset.block;
    const loaded = block === this.panel.shown ? undefined : this.editor.choose(block, { scroll: false });
    if (words) this.open(words);
    await loaded;
    if (words?.matches("button")) document.querySelector(`#panel [data-path="${CSS.escape(words.dataset.edit)}"]`)?.focus();
    const rich = event.target.closest("[data-rich], .words");
    if (rich && !words) document.querySelector("#panel rich-text [contenteditable]")?.focus();
  }

  // A button would take the space key for a press: its words are changed in the panel.
  open(words) {
    if (words.matches("button") || words.isContentEditable) return;
    words.contentEditable = "plaintext-only";
    words.focus();
  }

  write(event) {
    const words = event.target.closest("[data-edit]");
    if (!words) return;
    const block = words.closest("[data-block]").dataset.block;
    const value = words.innerText.replace(/\n$/, "");
    this.panel.mirror(words.dataset.edit, value);
    this.editor.send({ op: "set", block, path: readPath(words.dataset.edit), value });
  }

  key(event) {
    const words = event.target.closest?.("[data-edit]");
    if (words?.isContentEditable) {
      if (event.key === "Escape" || (event.key === "Enter" && !this.panel.isLong(words.dataset.edit))) {
        event.preventDefault();
        return words.blur();
      }
      if (!(event.ctrlKey || event.metaKey || event.altKey)) return;
    }
    this.keys(event);
  }

  leave(event) {
    const words = event.target.closest?.("[data-edit]");
    if (!words) return;
    words.removeAttribute("contenteditable");
    this.editor.flush();
    const block = words.closest("[data-block]")?.dataset.block;
    if (this.later[block]) this.put(block, this.later[block]);
    delete this.later[block];
  }

  // Words typed in the panel appear at once; the section as the server has it follows.
  preview(block, path, value) {
    const words = this.section(block)?.querySelector(`[data-edit="${CSS.escape(path)}"]`);
    if (words && typeof value === "string" && value) words.innerText = value;
  }

  show({ sections, order, footers }, chosen) {
    // What stands inside a section comes and goes with it.
    for (const section of [...this.page.querySelectorAll("[data-block]:not([data-block] [data-block])")]) {
      if (!order.includes(section.dataset.block)) section.remove();
    }
    for (const [block, html] of Object.entries(sections)) {
      const writing = this.section(block)?.querySelector("[contenteditable]");
      if (writing && this.page.activeElement === writing && this.page.hasFocus()) this.later[block] = html;
      else this.put(block, html);
    }
    const main = this.page.querySelector("main");
    let last = main;
    for (const block of order) {
      const section = this.section(block);
      if (!section) continue;
      // Moving an element takes the focus from it, so only what stands wrong is moved.
      if (footers.includes(block)) {
        if (last.nextElementSibling !== section) last.after(section);
        last = section;
      } else if (section.parentElement !== main) main.append(section);
    }
    const wanted = order.filter((block) => !footers.includes(block)).map((block) => this.section(block)).filter(Boolean);
    wanted.forEach((section, at) => {
      const standing = main.querySelectorAll(":scope > [data-block]")[at];
      if (standing !== section) main.insertBefore(section, standing ?? null);
    });
    this.choose(chosen, Object.keys(sections).includes(chosen));
  }

  put(block, html) {
    const holder = this.page.createElement("template");
    holder.innerHTML = html;
    const section = holder.content.firstElementChild;
    const old = this.section(block);
    if (old) old.replaceWith(section);
    else this.page.querySelector("main").append(section);
    section.classList.toggle("chosen", block === this.editor.chosen);
  }
}
