// What stands inside free sections, as the list at the left has it: where each block is and where it may go; dragging it.
import { newId } from "../blocks/editor/session.js";

const FAR_ENOUGH = 5;

export class Inside {
  constructor(editor, root) {
    this.editor = editor;
    this.root = root;
    root.addEventListener("pointerdown", (event) => this.grab(event));
    root.addEventListener("pointermove", (event) => this.drag(event));
    root.addEventListener("pointerup", () => this.drop());
    root.addEventListener("pointercancel", () => (this.held = undefined));
    document.addEventListener("click", (event) => this.click(event));
  }

  item(block) {
    return block ? this.root.querySelector(`[data-inner="${CSS.escape(block)}"]`) : null;
  }

  has(block) {
    return Boolean(this.item(block));
  }

  // The section that a block stands in, or itself.
  section(block) {
    return this.item(block)?.closest("[data-row]").dataset.row ?? block;
  }

  // What it stands in directly.
  parent(block) {
    return this.item(block)?.closest("[data-held]").dataset.parent;
  }

  list(parent, slot) {
    return this.root.querySelector(`[data-held][data-parent="${CSS.escape(parent)}"][data-slot="${CSS.escape(slot)}"]`);
  }

  lists(holds) {
    return [...this.root.querySelectorAll(`[data-held][data-holds="${CSS.escape(holds)}"]`)];
  }

  blocks(list) {
    return [...list.children].map((item) => item.dataset.inner);
  }

  // The place behind a block, or before it, as operations name places.
  beside(block, isBelow = true) {
    const list = this.item(block).closest("[data-held]");
    return { ...placeOf(list), at: this.blocks(list).indexOf(block) + (isBelow ? 1 : 0) };
  }

  // The end of a slot.
  end(parent, slot) {
    const list = this.list(parent, slot);
    return list && { ...placeOf(list), at: list.children.length };
  }

  // The place a step further: in the same column, or at the near end of the next one.
  next(block, by) {
    const list = this.item(block).closest("[data-held]");
    const to = this.blocks(list).indexOf(block) + by;
    if (to >= 0 && to < list.children.length) return { ...placeOf(list), to };
    const all = this.lists(list.dataset.holds);
    const other = all[all.indexOf(list) + by];
    return other && { ...placeOf(other), to: by > 0 ? 0 : other.children.length };
  }

  // Who is chosen once this one is gone.
  heir(block) {
    const blocks = this.blocks(this.item(block).closest("[data-held]"));
    const at = blocks.indexOf(block);
    return blocks[at + 1] ?? blocks[at - 1] ?? this.parent(block);
  }

  move(block, to) {
    if (!to) return;
    const { parent, slot, at = to.to } = to;
    this.editor.send({ op: "move", block, parent, slot, to: at }, { soon: true });
    this.said(block);
  }

  // Where it is going, before the server has said so.
  ahead({ op, block, parent, slot, to }) {
    const item = this.item(block);
    const list = op === "move" && parent && this.list(parent, slot);
    if (!item || !list) return;
    const focused = item.contains(document.activeElement) && document.activeElement;
    const others = [...list.children].filter((each) => each !== item);
    if (others[to]) others[to].before(item);
    else list.append(item);
    if (focused) focused.focus();
  }

  said(block) {
    const list = this.item(block).closest("[data-held]");
    const blocks = this.blocks(list);
    const name = this.item(block).querySelector("[data-choose]").textContent.trim();
    const values = { name, at: blocks.indexOf(block) + 1, of: blocks.length, place: list.dataset.label };
    this.editor.announce("shifted", values);
  }

  click(event) {
    const add = event.target.closest("[data-add-in]");
    if (add) return this.openAdd(add.dataset);
    const goes = event.target.closest("[data-goes]");
    if (goes) return void this.editor.choose(goes.dataset.goes).then(() => document.querySelector("#panel .panel-title")?.focus());
    const column = event.target.closest("[data-column]");
    if (column) this.changeColumns(column.dataset.column, Number(column.dataset.at));
  }

  openAdd({ addIn, slot }) {
    const place = this.end(addIn, slot);
    if (place) this.editor.openAdd(place, place.holds);
  }

  add(place, type, { columns }) {
    const { parent, slot, at } = place;
    const what = columns ? { block: { id: newId(), type, v: 1, props: { columns } } } : { type };
    this.editor.send({ op: "add", parent, slot, at, ...what }, { soon: true, panel: "new" });
  }

  // Columns are slots of a row: what stands in them moves, and the row says how many there are and how wide.
  changeColumns(how, at) {
    const row = this.editor.panel.shown;
    const select = document.querySelector("#panel [data-path=columns]");
    const allowed = [...select.options].map((option) => option.value);
    const widths = select.value.split("-");
    const slots = [...this.item(row).querySelectorAll(":scope > .outline-place")].map((place) => place.querySelector("[data-held]").dataset.slot);
    const all = Object.fromEntries(slots.map((slot) => [slot, this.blocks(this.list(row, slot))]));
    const operations = [];
    const move = (from, to, start = 0) => all[from].forEach((block, index) => operations.push({ op: "move", block, parent: row, slot: to, to: start + index }));
    if (how === "add") widths.push("1");
    else if (how === "delete") {
      const gone = this.item(row).querySelectorAll(":scope > .outline-place")[at];
      for (const item of gone.querySelectorAll("[data-inner]")) operations.push({ op: "delete", block: item.dataset.inner });
      for (let next = at + 1; next < slots.length; next += 1) move(slots[next], slots[next - 1]);
      widths.splice(at, 1);
    } else {
      const to = at + (how === "left" ? -1 : 1);
      move(slots[at], slots[to], all[slots[to]].length);
      move(slots[to], slots[at]);
      [widths[at], widths[to]] = [widths[to], widths[at]];
    }
    const value = best(widths, allowed, select.value);
    if (value !== select.value) operations.push({ op: "set", block: row, path: ["columns"], value });
    for (const operation of operations) this.editor.send(operation, { soon: true, panel: row });
  }

  // By mouse on the line, by finger on its grip.
  grab(event) {
    const line = event.target.closest(".outline-line");
    if (!line || event.button !== 0 || event.target.closest("[data-move]")) return;
    if (event.pointerType === "touch" && !event.target.closest(".section-grip")) return;
    this.held = { item: line.parentElement, y: event.clientY, pointer: event.pointerId };
  }

  drag(event) {
    if (!this.held) return;
    const { item, y, pointer } = this.held;
    if (!this.held.isDragging && Math.abs(event.clientY - y) < FAR_ENOUGH) return;
    if (!this.held.isDragging) this.root.setPointerCapture(pointer);
    this.held.isDragging = true;
    item.classList.add("is-dragged");
    event.preventDefault();
    const { holds } = item.closest("[data-held]").dataset;
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const over = under?.closest("[data-inner]");
    const list = under?.closest(".outline-place")?.querySelector("[data-held]");
    if (over && over !== item && over.closest("[data-held]").dataset.holds === holds) {
      const box = over.firstElementChild.getBoundingClientRect();
      over[event.clientY > box.top + box.height / 2 ? "after" : "before"](item);
    } else if (list?.dataset.holds === holds && !list.contains(item)) list.append(item);
  }

  drop() {
    const { item, isDragging } = this.held ?? {};
    this.held = undefined;
    item?.classList.remove("is-dragged");
    if (!isDragging) return;
    this.editor.rail.wasDragged = true;
    setTimeout(() => (this.editor.rail.wasDragged = false));
    const { at, ...place } = this.beside(item.dataset.inner, false);
    this.move(item.dataset.inner, { ...place, to: at });
  }
}

function placeOf(list) {
  const { parent, slot, holds } = list.dataset;
  return { parent, slot, holds };
}

// Widths that are on offer: these, or as many columns alike.
function best(widths, allowed, before) {
  const alike = widths.map(() => "1").join("-");
  return [widths.join("-"), alike].find((each) => allowed.includes(each)) ?? before;
}
