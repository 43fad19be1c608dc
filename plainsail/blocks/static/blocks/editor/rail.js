// The list of sections: choosing, dragging, arrows.
export class Rail {
  constructor(editor, root) {
    this.editor = editor;
    this.root = root;
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("dragstart", (event) => this.grab(event));
    root.addEventListener("dragover", (event) => this.over(event));
    root.addEventListener("drop", (event) => event.preventDefault());
    root.addEventListener("dragend", () => this.drop());
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

  click(event) {
    const choose = event.target.closest("[data-choose]");
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

  // A new list from the server; the button that was pressed keeps the focus.
  show(html, chosen) {
    const focused = document.activeElement?.dataset?.choose;
    this.root.innerHTML = html;
    this.choose(chosen);
    const [of, by] = this.refocus ?? [];
    const wanted = of && (this.root.querySelector(`[data-of="${of}"][data-move="${by}"]:not(:disabled)`)
      ?? this.root.querySelector(`[data-choose="${of}"]`));
    (wanted || (focused && this.root.querySelector(`[data-choose="${focused}"]`)))?.focus();
    this.refocus = undefined;
  }

  choose(block) {
    for (const row of this.rows) {
      const is = row.dataset.row === block;
      row.classList.toggle("is-chosen", is);
      const button = row.querySelector("[data-choose]");
      if (is) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  grab(event) {
    this.dragged = event.target.closest("[data-row]");
    if (!this.dragged) return;
    this.from = this.indexOf(this.dragged.dataset.row);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged.dataset.row);
    this.dragged.classList.add("is-dragged");
  }

  over(event) {
    if (!this.dragged) return;
    event.preventDefault();
    const row = event.target.closest("[data-row]");
    if (!row || row === this.dragged) return;
    const box = row.getBoundingClientRect();
    row[event.clientY > box.top + box.height / 2 ? "after" : "before"](this.dragged);
  }

  drop() {
    const row = this.dragged;
    if (!row) return;
    row.classList.remove("is-dragged");
    this.dragged = undefined;
    const to = this.indexOf(row.dataset.row);
    if (to !== this.from) this.editor.send({ op: "move", block: row.dataset.row, to }, { soon: true });
  }
}
