// The real page in its frame: sections are chosen by clicking, words are changed in place, changed sections are exchanged.
import { readPath } from "../blocks/editor/panel.js";
import { RichWords } from "../blocks/editor/rich.js";

const INSERT = "ps-insert";

export class Stage {
  constructor(editor, frame, { tools, askLink }) {
    this.editor = editor;
    this.frame = frame;
    this.panel = editor.panel;
    this.tools = tools;
    this.askLink = askLink;
    this.later = {};
    // Sections that went before the server has said so.
    this.taken = new Set();
    editor.preview = (block, path, value) => this.preview(block, path, value);
    tools.addEventListener("mousedown", (event) => event.preventDefault());
    tools.addEventListener("click", (event) => this.rich?.mark(event.target.closest("[data-mark]")?.dataset.mark));
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
    page.addEventListener("pointermove", (event) => this.hover(event));
    this.frame.contentWindow.addEventListener("scroll", () => this.place(), { passive: true });
    // Where a section ends changes with its words, its pictures and the width.
    new this.frame.contentWindow.ResizeObserver(() => this.replaceInsert()).observe(page.body);
    this.addInsert();
    this.choose(this.editor.chosen, Boolean(this.scrollTo));
    this.scrollTo = undefined;
    // So that words can be written the moment that they are clicked.
    if (page.querySelector("[data-rich]")) RichWords.prepare();
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

  // One “+” for the whole page: it stands at the edge between two sections that is nearest.
  addInsert() {
    this.insert = this.page.createElement("button");
    this.insert.type = "button";
    this.insert.className = INSERT;
    this.insert.textContent = "+";
    this.insert.hidden = true;
    this.page.body.append(this.insert);
  }

  hover(event) {
    const section = event.target.closest?.("[data-block]");
    if (!section || event.target === this.insert || event.target.closest(".ps-add")) return;
    const box = section.getBoundingClientRect();
    this.showInsert(section, event.clientY > box.top + box.height / 2);
  }

  showInsert(section, isBelow) {
    const box = section.getBoundingClientRect();
    const y = (isBelow ? box.bottom : box.top) + this.frame.contentWindow.scrollY;
    this.insert.hidden = false;
    this.insert.style.top = `${Math.max(y, 20)}px`;
    this.insertFor = [section.dataset.block, isBelow];
    this.insertWhere(section.dataset.block, isBelow);
    const middle = this.insertHolds ? box.left + box.width / 2 : this.page.documentElement.clientWidth / 2;
    this.insert.style.left = `${middle}px`;
  }

  // Between sections, or between what stands in one.
  insertWhere(block, isBelow) {
    const { inside, rail } = this.editor;
    const isInside = inside?.has(block);
    this.insert.at = isInside ? inside.beside(block, isBelow) : rail.indexOf(block) + (isBelow ? 1 : 0);
    this.insertHolds = isInside ? this.insert.at.holds : "";
    const words = { row: this.frame.dataset.insertRow, element: this.frame.dataset.insertElement }[this.insertHolds] ?? this.frame.dataset.insert;
    this.insert.title = words;
    this.insert.setAttribute("aria-label", words);
    this.insert.classList.toggle("is-inside", isInside);
  }

  replaceInsert() {
    const [block, isBelow] = this.insertFor ?? [];
    const section = block && this.section(block);
    if (section) this.showInsert(section, isBelow);
    this.place();
  }

  choose(block, scroll = true) {
    for (const section of this.page?.querySelectorAll("[data-block]") ?? []) {
      section.classList.toggle("chosen", section.dataset.block === block);
    }
    const section = this.section(block);
    if (scroll) section?.scrollIntoView({ block: "nearest" });
    if (section && this.insert) this.showInsert(section, true);
    this.inside?.choose(block);
  }

  async click(event) {
    if (event.target === this.insert) return this.editor.openAdd(this.insert.at, this.insertHolds);
    const add = event.target.closest("[data-add-in]");
    if (add) return this.editor.inside.openAdd(add.dataset);
    const section = event.target.closest("[data-block]");
    const words = event.target.closest("[data-edit]");
    if (event.target.closest("a, button, label, summary, [data-edit]")) event.preventDefault();
    if (!section) return;
    const details = event.target.closest("summary")?.parentElement;
    if (details && !details.open) details.open = true;
    const block = section.dataset.block;
    if (words && "rich" in words.dataset) this.openRich(words, event);
    else if (words) this.open(words);
    const loaded = block === this.panel.shown ? undefined : this.editor.choose(block, { scroll: false });
    await loaded;
    if (words?.matches("button")) document.querySelector(`#panel [data-path="${CSS.escape(words.dataset.edit)}"]`)?.focus();
    const picture = !words && event.target.closest("img, svg, picture, figure");
    if (picture) document.querySelector("#panel .picture-field [data-pick-picture], #panel .picture-field input:checked")?.focus();
  }

  // A button would take the space key for a press: its words are changed in the panel.
  open(words) {
    if (words.matches("button") || words.isContentEditable) return;
    words.contentEditable = "plaintext-only";
    words.focus();
  }

  // Rich words become an editor where they stand, with its tools above them.
  async openRich(words, event) {
    if (this.rich?.place === words || this.opening === words) return;
    await this.closeRich();
    this.opening = words;
    const block = words.closest("[data-block]").dataset.block;
    const path = words.dataset.edit;
    const html = this.sourceOf(block, path) ?? words.innerHTML;
    const on = {
      change: (value) => this.writeRich(block, path, value),
      link: (before) => this.askLink(before),
      slash: () => this.editor.openBeside(block),
      state: () => this.showTools(),
    };
    const surface = this.page.createElement("div");
    const rich = await RichWords.mount(surface, html, on, { class: "ps-rich", "aria-label": this.frame.dataset.words });
    this.opening = undefined;
    if (!words.isConnected) return rich.destroy();
    words.replaceChildren(surface);
    this.rich = Object.assign(rich, { place: words, block });
    rich.focus();
    const at = rich.view.posAtCoords({ left: event?.clientX ?? 0, top: event?.clientY ?? 0 });
    if (at && event?.detail) {
      const { tr, doc, selection } = rich.view.state;
      rich.view.dispatch(tr.setSelection(selection.constructor.near(doc.resolve(at.pos))));
    }
    rich.view.dom.addEventListener("blur", () => setTimeout(() => this.maybeCloseRich(), 100));
    this.showTools();
  }

  // The words as the document has them, where the panel shows them too.
  sourceOf(block, path) {
    const waiting = this.editor.pending(block).findLast((operation) => operation.path.join(".") === path);
    if (waiting) return waiting.value;
    if (this.panel.shown !== block) return undefined;
    return document.querySelector(`#panel textarea[data-path="${CSS.escape(path)}"]`)?.value;
  }

  writeRich(block, path, value) {
    this.panel.mirror(path, value);
    this.editor.send({ op: "set", block, path: readPath(path), value });
  }

  // The tools and the dialog for links belong to it: going there is not leaving.
  maybeCloseRich() {
    const isAway = !this.rich?.view.hasFocus() && !this.tools.contains(document.activeElement) && !document.querySelector("dialog[open]");
    if (isAway) this.closeRich();
  }

  async closeRich() {
    const { rich } = this;
    if (!rich) return;
    this.rich = undefined;
    this.tools.hidden = true;
    const { html } = rich;
    rich.destroy();
    rich.place.innerHTML = html;
    this.editor.flush();
    this.catchUp(rich.block);
  }

  stopWriting() {
    this.closeRich();
    if (this.page.activeElement?.isContentEditable) this.page.activeElement.blur();
  }

  showTools() {
    if (!this.rich) return;
    this.tools.hidden = false;
    for (const button of this.tools.querySelectorAll("[data-mark]")) {
      button.setAttribute("aria-pressed", String(this.rich.has(button.dataset.mark)));
    }
    this.place();
  }

  // Above the words, and never out of the frame.
  place() {
    this.inside?.place();
    if (!this.rich) return;
    const frame = this.frame.getBoundingClientRect();
    const box = this.rich.place.getBoundingClientRect();
    const height = this.tools.offsetHeight;
    const top = Math.min(Math.max(frame.top + box.top - height - 8, frame.top + 4), frame.bottom - height - 4);
    const left = Math.min(Math.max(frame.left + box.left, frame.left + 4), frame.right - this.tools.offsetWidth - 4);
    this.tools.style.top = `${top}px`;
    this.tools.style.left = `${left}px`;
  }

  write(event) {
    const words = event.target.closest("[data-edit]");
    if (!words || "rich" in words.dataset) return;
    const block = words.closest("[data-block]").dataset.block;
    const value = words.innerText.replace(/\n$/, "");
    this.panel.mirror(words.dataset.edit, value);
    this.editor.send({ op: "set", block, path: readPath(words.dataset.edit), value });
  }

  key(event) {
    if (this.rich?.view.dom.contains(event.target)) {
      if (event.key === "Escape") return this.escapeRich(event);
      if (event.altKey && event.key === "F10") return void this.tools.querySelector("[data-mark]").focus();
      // The editor of the words has undo for its own strokes no more than a field has: it is the document's.
      if ((event.ctrlKey || event.metaKey) && "zy".includes(event.key.toLowerCase())) this.keys(event);
      return;
    }
    const words = event.target.closest?.("[data-edit]");
    if (words?.isContentEditable) {
      if (event.key === "/" && !words.innerText.trim()) {
        event.preventDefault();
        return this.editor.openBeside(words.closest("[data-block]").dataset.block);
      }
      if (event.key === "Escape" || (event.key === "Enter" && !this.panel.isLong(words.dataset.edit))) {
        event.preventDefault();
        return words.blur();
      }
      if (!(event.ctrlKey || event.metaKey || event.altKey)) return;
    }
    this.keys(event);
  }

  escapeRich(event) {
    event.preventDefault();
    this.rich.view.dom.blur();
    this.closeRich();
  }

  leave(event) {
    const words = event.target.closest?.("[data-edit]");
    if (!words || "rich" in words.dataset) return;
    words.removeAttribute("contenteditable");
    this.editor.flush();
    this.catchUp(words.closest("[data-block]")?.dataset.block);
  }

  // What came while somebody was writing there.
  catchUp(written) {
    const block = this.editor.inside.section(written);
    if (this.later[block]) this.put(block, this.later[block]);
    delete this.later[block];
  }

  // Words typed in the panel appear at once; the section as the server has it follows.
  preview(block, path, value) {
    const words = this.section(block)?.querySelector(`[data-edit="${CSS.escape(path)}"]`);
    if (!words || typeof value !== "string" || !value) return;
    if (!("rich" in words.dataset)) words.innerText = value;
    else if (this.rich?.place !== words) words.innerHTML = value;
  }

  isWritingIn(block) {
    const writing = this.section(block)?.querySelector("[contenteditable]");
    const section = this.section(block);
    if (section?.contains(this.rich?.place ?? null) || section?.contains(this.opening ?? null)) return true;
    return Boolean(writing && this.page.activeElement === writing && this.page.hasFocus());
  }

  show({ sections, order, footers }, chosen) {
    // What stands inside a section comes and goes with it.
    for (const section of [...this.page.querySelectorAll("[data-block]:not([data-block] [data-block])")]) {
      if (!order.includes(section.dataset.block)) section.remove();
    }
    for (const [block, html] of Object.entries(sections)) {
      if (this.isWritingIn(block)) this.later[block] = html;
      else this.put(block, html);
    }
    // What was shown ahead of the server, and wasn't to be.
    const lost = order.some((block) => this.taken.has(block) && !this.section(block));
    this.taken.clear();
    if (lost) return this.reload(chosen);
    this.arrange(order, footers);
    this.choose(chosen, Object.keys(sections).includes(chosen));
  }

  arrange(order, footers) {
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
  }

  // A section that is moved or taken away goes at once; the server's answer follows.
  ahead(operation) {
    const section = this.section(operation.block);
    if (!section || operation.parent) return;
    if (operation.op === "delete") {
      section.remove();
      this.taken.add(operation.block);
    }
    if (operation.op !== "move") return;
    const order = this.editor.rail.rows.map((row) => row.dataset.row).filter((block) => block !== operation.block);
    order.splice(operation.to, 0, operation.block);
    this.arrange(order, order.filter((block) => this.section(block) && !this.section(block).closest("main")));
  }

  put(block, html) {
    const holder = this.page.createElement("template");
    holder.innerHTML = html;
    const section = holder.content.firstElementChild;
    const old = this.section(block);
    if (old) old.replaceWith(section);
    else this.page.querySelector("main").append(section);
    for (const each of [section, ...section.querySelectorAll("[data-block]")]) {
      const name = each.dataset.block;
      each.classList.toggle("chosen", name === this.editor.chosen);
      // What was typed since is newer than what the server says.
      for (const operation of this.editor.pending(name)) this.preview(name, operation.path.join("."), operation.value);
    }
  }

  // Who else is at which section.
  mark(others) {
    for (const section of this.page?.querySelectorAll("[data-block]") ?? []) {
      const names = others.filter((other) => other.section === section.dataset.block).map((other) => other.name);
      if (names.length > 0) section.dataset.others = names.join(", ");
      else delete section.dataset.others;
    }
  }
}
