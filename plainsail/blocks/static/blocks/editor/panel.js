// The settings of one section. Every input knows its path; a change becomes a `set`.
export class Panel {
  constructor(editor, root, url) {
    this.editor = editor;
    this.root = root;
    this.url = url;
    this.written = new Map();
    root.addEventListener("input", (event) => this.change(event));
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("click", (event) => this.pickPicture(event));
    // A picture dropped on its field is taken in and chosen.
    root.addEventListener("dragover", (event) => event.target.closest(".picture-field") && event.preventDefault());
    root.addEventListener("drop", (event) => this.dropPicture(event));
  }

  // Whose settings are shown: a block's id, or "theme".
  get shown() {
    return this.root.querySelector("[data-panel]")?.dataset.panel;
  }

  // Does a field say that what stands in it isn't saved?
  get hasFault() {
    return this.root.querySelector("[data-error]:not([hidden])") !== null;
  }

  async load(block, more = {}) {
    if (!block) return void this.root.replaceChildren();
    // What waits is sent first, so that the new panel shows it; what is written meanwhile is newer than its answer.
    this.written = new Map();
    await this.editor.flush();
    const ask = (this.asked = Symbol("panel"));
    const response = await fetch(`${this.url}?${new URLSearchParams({ section: block, ...more })}`);
    if (!response.ok || ask !== this.asked) return;
    const html = await response.text();
    if (ask !== this.asked) return;
    const { written } = this;
    this.show(html);
    for (const [path, value] of written) this.mirror(path, value);
  }

  // What was asked for before is older than what is shown now, and so is what was written: an Undo may have taken it back.
  show(html) {
    this.asked = undefined;
    this.written = new Map();
    const focused = this.root.contains(document.activeElement) && placeOf(document.activeElement);
    const top = this.root.parentElement.scrollTop;
    const before = this.shown;
    this.root.innerHTML = html;
    if (before !== this.shown) this.root.parentElement.scrollTop = 0;
    else {
      this.root.parentElement.scrollTop = top;
      if (focused) this.root.querySelector(focused)?.focus();
    }
  }

  change(event) {
    const control = event.target.closest("[data-path]");
    if (!control) return;
    const path = readPath(control.dataset.path);
    const value = readValue(control);
    const soon = event.target.matches("select, [type=radio], [type=checkbox]");
    // A drawing takes the place of a picture of one's own.
    if (event.target.dataset.part === "picture" && event.target.value) value.file = "";
    if (path[0] === "theme") return this.setTheme();
    this.editor.send({ op: "set", block: this.shown, path, value }, { soon, panel: soon && control.dataset.kind === "image" ? this.shown : "" });
    this.editor.preview?.(this.shown, control.dataset.path, value);
  }

  setTheme() {
    const value = {};
    for (const control of this.root.querySelectorAll("[data-path^='theme.']")) {
      value[control.dataset.path.slice(6)] = control.value;
    }
    // The panel comes back: what is said about a colour depends on the others.
    this.editor.send({ op: "theme", value }, { soon: true, panel: "theme" });
  }

  click(event) {
    const button = event.target.closest("[data-item-act]");
    if (!button) return;
    const path = readPath(button.closest("[data-items]").dataset.items);
    const target = { block: this.shown, path };
    const list = button.closest("[data-items]").querySelectorAll(":scope > .item").length;
    const at = Number(button.dataset.at);
    const operation = {
      add: { op: "add_item", at: list },
      delete: { op: "delete_item", at },
      up: at > 0 && { op: "move_item", at, to: at - 1 },
      down: at < list - 1 && { op: "move_item", at, to: at + 1 },
    }[button.dataset.itemAct];
    if (operation) this.editor.send({ ...target, ...operation }, { soon: true, panel: this.shown });
  }

  async pickPicture(event) {
    const field = event.target.closest(".picture-field");
    if (!field) return;
    if (event.target.closest("[data-drop-picture]")) this.putPicture(field.dataset.path, { file: "", alt: "" });
    if (!event.target.closest("[data-pick-picture]")) return;
    const picture = await this.editor.pictures?.ask();
    if (picture) this.putPicture(field.dataset.path, picture);
    else field.querySelector("[data-pick-picture]")?.focus();
  }

  async dropPicture(event) {
    const field = event.target.closest(".picture-field");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!field || files.length === 0 || !this.editor.pictures) return;
    event.preventDefault();
    const picture = this.editor.pictures.ask();
    this.editor.pictures.upload.take(files.slice(0, 1));
    const chosen = await picture;
    if (chosen) this.putPicture(field.dataset.path, chosen);
  }

  // One of the business's own stands for itself: no drawing and no address beside it. Words for it are kept where there are any.
  putPicture(path, { file, alt }) {
    const field = this.root.querySelector(`.picture-field[data-path="${CSS.escape(path)}"]`);
    if (!field) return;
    const words = field.querySelector("[data-part=alt]").value || alt;
    const value = { picture: "", file, url: "", width: 0, height: 0, alt: words };
    this.editor.send({ op: "set", block: this.shown, path: readPath(path), value }, { soon: true, panel: this.shown });
  }

  // Words that were changed on the page itself.
  mirror(path, value) {
    this.written.set(path, value);
    const control = this.root.querySelector(`[data-path="${CSS.escape(path)}"]`);
    const rich = control?.closest("rich-text");
    if (rich) rich.value = value;
    else if (control && "value" in control) control.value = value;
  }

  isLong(path) {
    return this.root.querySelector(`[data-path="${CSS.escape(path)}"]`)?.matches("textarea") ?? false;
  }

  // The server's “no”, shown at the field it is about.
  refuse(answer) {
    const errors = Object.entries(answer.errors ?? {});
    for (const [place, message] of errors) this.say(place.replace(/^blocks\.[^.]+\.(props\.)?/, ""), message);
    if (errors.length === 0) document.getElementById("saving").textContent = answer.message;
  }

  accept(operations) {
    for (const operation of operations) {
      if (operation.op === "set") this.say(operation.path.join("."), "");
      if (operation.op === "show") this.say("shown", "");
    }
  }

  say(path, message) {
    // A picture's parts are told at the picture.
    for (const place of [path, path.replace(/\.[a-z]+$/, "")]) {
      const line = this.root.querySelector(`[data-error="${CSS.escape(place)}"]`);
      if (!line) continue;
      line.textContent = message;
      line.hidden = !message;
      const control = this.root.querySelector(`[data-path="${CSS.escape(place)}"]`);
      if (message) control?.setAttribute("aria-invalid", "true");
      else control?.removeAttribute("aria-invalid");
      return;
    }
  }
}

// How a control is found again in a panel that came anew: by its id, or by what it does and to what.
function placeOf(control) {
  const { column, itemAct, at } = control.dataset;
  const of = (name, holder) => holder && `[data-${name}="${CSS.escape(holder.dataset[name])}"] `;
  if (control.id) return `#${CSS.escape(control.id)}`;
  if (column) return `[data-column="${column}"]:not(:disabled)`;
  if (control.matches("[data-pick-picture], [data-drop-picture]")) return `${of("path", control.closest("[data-path]"))}[data-pick-picture]`;
  if (itemAct) return `${of("items", control.closest("[data-items]"))}[data-item-act="${itemAct}"]${at ? `[data-at="${at}"]` : ""}`;
  return undefined;
}

export function readPath(path) {
  return path.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function readValue(control) {
  if (control.dataset.kind === "bool") return control.checked;
  if (control.dataset.kind === "number") return Number(control.value);
  if (control.dataset.kind !== "image") return control.value;
  const part = (name) => control.querySelector(`[data-part="${name}"]`).value;
  return {
    picture: control.querySelector("[data-part=picture]:checked")?.value ?? "",
    file: part("file"),
    url: part("url"),
    width: Number(part("width")) || 0,
    height: Number(part("height")) || 0,
    alt: part("alt"),
    ...(control.querySelector("[data-part=decorative]").checked && { decorative: true }),
  };
}
