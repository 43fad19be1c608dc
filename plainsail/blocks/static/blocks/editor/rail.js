// The list of sections: choosing one or several, dragging with a pointer, moving by keyboard; each move is said aloud.
const FAR_ENOUGH = 5;

export class Rail {
  constructor(editor, root) {
    this.editor = editor;
    this.root = root;
    this.others = [];
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("pointerdown", (event) => this.grab(event));
    root.addEventListener("pointermove", (event) => this.drag(event));
    root.addEventListener("pointerup", () => this.drop());
    root.addEventListener("pointercancel", () => this.putBack());
    root.addEventListener("dragstart", (event) => event.preventDefault());
  }

  get rows() {
    return [...this.root.querySelectorAll("[data-row]")];
  }

  get length() {
    return this.rows.length;
  }

  indexOf(block) {
    return this.rows.findIndex((row) => row.dataset.row === block);
  }

  name(block) {
    return this.rows[this.indexOf(block)]?.querySelector("[data-choose]").textContent.trim() ?? "";
  }

  // The sections that are chosen together with the one whose settings are shown, in the document's order.
  get selected() {
    const rows = this.rows.filter((row) => row.classList.contains("is-chosen") || row.classList.contains("is-selected"));
    return rows.map((row) => row.dataset.row);
  }

  click(event) {
    if (this.wasDragged) return void (this.wasDragged = false);
    const choose = event.target.closest("[data-choose]");
    if (choose && (event.shiftKey || event.ctrlKey || event.metaKey)) return this.select(choose.dataset.choose, event.shiftKey);
    if (choose) {
      document.querySelector(".editor").classList.remove("shows-rail");
      this.editor.choose(choose.dataset.choose);
    }
    const move = event.target.closest("[data-move]");
    if (move) {
      this.refocus = [move.dataset.of, move.dataset.move];
      this.editor.move(move.dataset.of, Number(move.dataset.move));
    }
  }

  // One more, or all up to there.
  select(block, isRange) {
    const at = this.indexOf(block);
    const from = this.indexOf(this.editor.chosen);
    for (const [index, row] of this.rows.entries()) {
      const isMeant = isRange ? index >= Math.min(at, from) && index <= Math.max(at, from) : index === at;
      if (!isMeant) continue;
      const is = isRange || !row.classList.contains("is-selected");
      this.mark_selected(row, is && index !== from);
    }
    this.editor.announce("selected", { number: this.selected.length });
  }

  mark_selected(row, is) {
    row.classList.toggle("is-selected", is);
    row.querySelector("[data-choose]").setAttribute("aria-pressed", String(is));
  }

  // Up and down from one section to the next; with Shift, choosing along the way.
  key(event) {
    const choose = event.target.closest("[data-choose]");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!choose || !by || event.altKey || event.ctrlKey || event.metaKey) return;
    const names = [...this.root.querySelectorAll("[data-choose]")].filter((each) => each.offsetParent);
    const next = names[names.indexOf(choose) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (event.shiftKey && this.indexOf(next.dataset.choose) >= 0) this.select(next.dataset.choose, true);
  }

  // A new list from the server; the button that was pressed keeps the focus.
  show(html, chosen) {
    const focused = document.activeElement?.dataset?.choose;
    this.root.innerHTML = html;
    this.sure = undefined;
    this.choose(chosen);
    this.mark(this.others);
    const [of, by] = this.refocus ?? [];
    const wanted = of && (this.root.querySelector(`[data-of="${of}"][data-move="${by}"]:not(:disabled)`)
      ?? this.root.querySelector(`[data-choose="${of}"]`));
    (wanted || (focused && this.root.querySelector(`[data-choose="${focused}"]`)))?.focus();
    this.refocus = undefined;
  }

  // A section where it is going, before the server has said so: what is added next is added where one sees it.
  ahead({ op, block, to }) {
    const row = this.rows[this.indexOf(block)];
    if (op !== "move" || !row || this.indexOf(block) === to) return;
    this.sure ??= this.root.innerHTML;
    const focused = row.contains(document.activeElement) && document.activeElement;
    const others = this.rows.filter((each) => each !== row);
    if (others[to]) others[to].before(row);
    else others.at(-1)?.after(row);
    if (focused) focused.focus();
  }

  // A move that wasn't to be.
  back() {
    if (this.sure) this.show(this.sure, this.editor.chosen);
  }

  choose(block) {
    for (const row of this.rows) {
      const is = row.dataset.row === block;
      row.classList.toggle("is-chosen", is);
      if (row.classList.contains("is-selected")) this.mark_selected(row, false);
    }
    for (const button of this.root.querySelectorAll("[data-choose]")) {
      if (button.dataset.choose === block) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  // Where others are.
  mark(others) {
    this.others = others;
    for (const row of this.rows) {
      const here = others.filter((other) => other.section === row.dataset.row).map((other) => other.name);
      row.classList.toggle("has-others", here.length > 0);
      row.title = here.join(", ");
    }
  }

  grab(event) {
    const row = event.target.closest("[data-row]");
    // A finger on a row scrolls; on its grip it drags.
    if (!row || event.button !== 0 || event.target.closest("[data-move], .outline-place")) return;
    if (event.pointerType === "touch" && !event.target.closest(".section-grip")) return;
    this.held = { row, y: event.clientY, from: this.indexOf(row.dataset.row), pointer: event.pointerId };
  }

  drag(event) {
    if (!this.held) return;
    const { row, y, pointer } = this.held;
    if (!this.isDragging && Math.abs(event.clientY - y) < FAR_ENOUGH) return;
    if (!this.isDragging) {
      this.isDragging = true;
      this.root.setPointerCapture(pointer);
      row.classList.add("is-dragged");
    }
    event.preventDefault();
    const over = this.rows.find((each) => {
      const box = each.getBoundingClientRect();
      return each !== row && event.clientY >= box.top && event.clientY <= box.bottom;
    });
    if (!over) return;
    const box = over.getBoundingClientRect();
    const isBelow = event.clientY > box.top + box.height / 2;
    if ((isBelow ? over.nextElementSibling : over.previousElementSibling) !== row) over[isBelow ? "after" : "before"](row);
  }

  drop() {
    const { row, from } = this.held ?? {};
    const wasDragging = this.isDragging;
    this.release();
    if (!wasDragging) return;
    this.wasDragged = true;
    setTimeout(() => (this.wasDragged = false));
    const to = this.indexOf(row.dataset.row);
    if (to === from) return;
    this.editor.send({ op: "move", block: row.dataset.row, to }, { soon: true });
    this.editor.announce("moved", { name: this.name(row.dataset.row), at: to + 1, of: this.length });
  }

  // As it was before it was taken.
  putBack() {
    const { row, from } = this.held ?? {};
    if (this.isDragging) {
      const others = this.rows.filter((each) => each !== row);
      if (others[from]) others[from].before(row);
      else others.at(-1)?.after(row);
    }
    this.release();
  }

  release() {
    this.held?.row.classList.remove("is-dragged");
    this.held = undefined;
    this.isDragging = false;
  }
}
