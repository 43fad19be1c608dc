// The tools of what is chosen inside a free section, above it on the page: moving, copying, deleting, and a grip to drag it by.
export class InsideTools {
  constructor(stage, tools) {
    this.stage = stage;
    this.editor = stage.editor;
    this.tools = tools;
    this.grip = tools.querySelector("[data-inside=grip]");
    tools.addEventListener("click", (event) => this.act(event.target.closest("[data-inside]")?.dataset.inside));
    this.grip.addEventListener("pointerdown", (event) => this.grab(event));
    this.grip.addEventListener("pointermove", (event) => this.drag(event));
    this.grip.addEventListener("pointerup", () => this.drop());
    this.grip.addEventListener("pointercancel", () => this.end());
    tools.addEventListener("keydown", (event) => this.key(event));
  }

  act(name) {
    const { editor, block } = this;
    if (name === "parent") editor.choose(editor.inside.parent(block));
    if (name === "up") editor.move(block, -1);
    if (name === "down") editor.move(block, 1);
    if (name === "add") editor.openBeside();
    if (name === "copy") editor.duplicate(block);
    if (name === "delete") editor.remove(block);
  }

  // A toolbar is one stop for Tab; arrows go along it.
  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.altKey) return;
    const buttons = [...this.tools.querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + by]?.focus();
    event.preventDefault();
  }

  choose(block) {
    this.block = block;
    this.place();
  }

  // Shown where something inside a section is chosen and no words are being written.
  place() {
    const { stage, tools } = this;
    const chosen = this.editor.inside?.has(this.block) && !stage.rich && stage.section(this.block);
    tools.hidden = !chosen;
    if (!chosen) return;
    const frame = stage.frame.getBoundingClientRect();
    const box = chosen.getBoundingClientRect();
    const top = frame.top + box.top - tools.offsetHeight - 6;
    tools.hidden = box.bottom < 0 || box.top > frame.height;
    const right = Math.min(frame.left + box.right, frame.right - 8);
    tools.style.top = `${Math.max(top, frame.top + 4)}px`;
    tools.style.left = `${Math.max(right - tools.offsetWidth, frame.left + 4)}px`;
  }

  grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.held = this.block;
    this.grip.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (!this.held) return;
    const { stage } = this;
    const frame = stage.frame.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    if (y < 40) stage.frame.contentWindow.scrollBy(0, -12);
    if (y > frame.height - 40) stage.frame.contentWindow.scrollBy(0, 12);
    this.target = this.find(stage.page.elementFromPoint(x, y), y);
    this.line ??= Object.assign(stage.page.createElement("div"), { className: "ps-drop" });
    if (!this.target) return void this.line.remove();
    const { box, edge } = this.target;
    const top = edge + stage.frame.contentWindow.scrollY;
    Object.assign(this.line.style, { top: `${top - 2}px`, left: `${box.left}px`, width: `${box.width}px` });
    stage.page.body.append(this.line);
  }

  // The place that a point of the page stands for: at the nearer edge of what is there, or at a column's end.
  find(under, y) {
    const { inside } = this.editor;
    const { holds } = inside.item(this.held).closest("[data-held]").dataset;
    const isRow = holds === "row";
    const over = under?.closest(isRow ? ".row[data-block]" : "[data-column] > [data-block]");
    if (over && over.dataset.block !== this.held && inside.has(over.dataset.block)) {
      const box = over.getBoundingClientRect();
      const isBelow = y > box.top + box.height / 2;
      return { ...inside.beside(over.dataset.block, isBelow), box, edge: isBelow ? box.bottom : box.top };
    }
    const column = !isRow && under?.closest("[data-column]");
    if (!column || over) return undefined;
    const box = column.getBoundingClientRect();
    const end = inside.end(column.closest("[data-block]").dataset.block, column.dataset.column);
    return end && { ...end, box, edge: box.bottom };
  }

  drop() {
    const { held, target } = this;
    this.end();
    if (!held || !target) return;
    const { inside } = this.editor;
    const { parent, slot, at } = target;
    const from = inside.beside(held, false);
    const isSame = from.parent === parent && from.slot === slot;
    // A place is counted without the block itself.
    const to = isSame && from.at < at ? at - 1 : at;
    if (!isSame || to !== from.at) inside.move(held, { parent, slot, to });
  }

  end() {
    this.line?.remove();
    this.held = this.target = undefined;
  }
}
