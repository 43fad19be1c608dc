// Rich words: ProseMirror on them, HTML of a few tags out. The server cleans it once more.
// `<rich-text>` stands around a textarea in the panel; `RichWords` is the same on the page itself.
// The library is loaded when the first such field appears, or such words on a page.
const library = () => import("../../vendor/prosemirror/prosemirror.js");

// Levels that words may have: a page has one `h1`, and it isn't here.
const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"].map((tag, index) => ({ tag, attrs: { level: Math.min(Math.max(index + 1, 2), 4) } }));

// Word processors say by styles what tags say here, and bold tags around it all that are none. The page's policy keeps styles
// from being applied, so they are read as they are written.
function inTags(html) {
  if (!html.includes("style=")) return html;
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const element of body.querySelectorAll("[style]")) {
    const style = element.getAttribute("style");
    if (element.matches("b, strong") && /font-weight:\s*(normal|[1-5]00)/i.test(style)) element.replaceWith(...element.childNodes);
    else if (/font-weight:\s*(bold|[6-9]00)/i.test(style)) wrap(element, "strong");
    if (/font-style:\s*(italic|oblique)/i.test(style)) wrap(element, "em");
  }
  return body.innerHTML;
}

function wrap(element, tag) {
  const inner = element.ownerDocument.createElement(tag);
  inner.append(...element.childNodes);
  element.append(inner);
}

export class RichWords {
  // `on` takes: change(html), link(href) → a promise of the new target (undefined: leave it), slash() for “/” on an empty line.
  static async mount(place, html, on, attributes = {}) {
    return new RichWords(await library(), place, html, on, attributes);
  }

  // Whoever clicks next doesn't wait for the library.
  static prepare() {
    library().catch(() => {});
  }

  constructor(kit, place, html, on, attributes) {
    this.kit = kit;
    this.on = on;
    const { nodes: basic } = kit.basic.spec;
    const nodes = kit.addListNodes(basic.update("heading", { ...basic.get("heading"), parseDOM: HEADINGS }), "paragraph block*", "block");
    this.schema = new kit.Schema({
      nodes: ["image", "code_block", "horizontal_rule"].reduce((kept, name) => kept.remove(name), nodes),
      marks: kit.basic.spec.marks.remove("code"),
    });
    this.view = new kit.EditorView(place, {
      state: kit.EditorState.create({ doc: this.parse(html), plugins: this.keys() }),
      attributes: { role: "textbox", "aria-multiline": "true", ...attributes },
      transformPastedHTML: inTags,
      handleKeyDown: (_view, event) => this.slash(event),
      dispatchTransaction: (change) => {
        this.view.updateState(this.view.state.apply(change));
        if (change.docChanged) on.change(this.html);
        on.state?.();
      },
    });
  }

  destroy() {
    this.view.destroy();
  }

  keys() {
    const { keymap, baseKeymap, toggleMark, splitListItem, liftListItem, sinkListItem, chainCommands } = this.kit;
    const { marks, nodes } = this.schema;
    const line = (state, dispatch) => {
      dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
      return true;
    };
    return [
      keymap({
        "Mod-b": toggleMark(marks.strong),
        "Mod-i": toggleMark(marks.em),
        "Mod-k": () => Boolean(this.askLink() ?? true),
        "Mod-Shift-8": () => this.list("bullet_list") ?? true,
        "Mod-Shift-7": () => this.list("ordered_list") ?? true,
        Enter: splitListItem(nodes.list_item),
        "Shift-Enter": line,
        "Mod-[": liftListItem(nodes.list_item),
        "Mod-]": sinkListItem(nodes.list_item),
        Backspace: chainCommands((state, dispatch) => {
          const { $from, empty } = state.selection;
          return empty && $from.parentOffset === 0 && liftListItem(nodes.list_item)(state, dispatch);
        }),
      }),
      keymap(baseKeymap),
    ];
  }

  slash(event) {
    const { $from, empty } = this.view.state.selection;
    if (event.key !== "/" || !this.on.slash || !empty || $from.parent.textContent) return false;
    event.preventDefault();
    this.on.slash();
    return true;
  }

  parse(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return this.kit.DOMParser.fromSchema(this.schema).parse(holder.content);
  }

  get html() {
    const { doc } = this.view.state;
    const holder = document.createElement("div");
    holder.append(this.kit.DOMSerializer.fromSchema(this.schema).serializeFragment(doc.content));
    return doc.textContent.trim() ? holder.innerHTML : "";
  }

  focus() {
    this.view.focus();
  }

  // Words where one writes; where nobody has written yet, at the end.
  insert(words, isAtEnd) {
    const { tr, doc } = this.view.state;
    const change = isAtEnd ? tr.insertText(words, doc.content.size - 1) : tr.insertText(words);
    this.view.dispatch(change.scrollIntoView());
    this.view.focus();
  }

  run(command) {
    return command(this.view.state, this.view.dispatch) || undefined;
  }

  mark(name) {
    if (!name) return;
    if (name === "link") return void this.askLink();
    if (name === "list") this.list("bullet_list");
    else if (name === "numbers") this.list("ordered_list");
    else if (name === "heading") this.heading();
    else this.run(this.kit.toggleMark(this.schema.marks[name]));
    this.view.focus();
  }

  heading() {
    const { heading, paragraph } = this.schema.nodes;
    return this.run(this.has("heading") ? this.kit.setBlockType(paragraph) : this.kit.setBlockType(heading, { level: 2 }));
  }

  list(name) {
    const { wrapInList, liftListItem } = this.kit;
    return this.run(liftListItem(this.schema.nodes.list_item)) ?? this.run(wrapInList(this.schema.nodes[name]));
  }

  // Is the mark, the list or the heading where the cursor is?
  has(name) {
    const { $from, from, to, empty } = this.view.state.selection;
    const node = { heading: "heading", list: "bullet_list", numbers: "ordered_list" }[name];
    if (node) return Array.from({ length: $from.depth + 1 }, (_, depth) => $from.node(depth).type.name).includes(node);
    const mark = this.schema.marks[name];
    if (!mark) return false;
    return Boolean(empty ? mark.isInSet(this.view.state.storedMarks ?? $from.marks()) : this.view.state.doc.rangeHasMark(from, to, mark));
  }

  async askLink() {
    const { $from, from, to } = this.view.state.selection;
    const { link } = this.schema.marks;
    let before = link.isInSet($from.marks())?.attrs.href ?? "";
    this.view.state.doc.nodesBetween(from, to, (node) => void (before ||= link.isInSet(node.marks)?.attrs.href ?? ""));
    const href = await this.on.link(before);
    if (href !== undefined) this.setLink(href);
    this.view.focus();
  }

  // Without marked words the address itself is written; empty takes the link away, wherever in it the cursor is.
  setLink(href) {
    let { from, to, empty } = this.view.state.selection;
    const { link } = this.schema.marks;
    const { tr } = this.view.state;
    const around = empty && this.around(link);
    if (around) [from, to, empty] = [...around, false];
    let change = tr.removeMark(from, to, link);
    if (href && !empty) change = change.addMark(from, to, link.create({ href }));
    if (href && empty) change = change.insert(from, this.schema.text(href, [link.create({ href })]));
    this.view.dispatch(change);
  }

  // From where to where the mark under the cursor goes.
  around(type) {
    const { $from } = this.view.state.selection;
    const here = type.isInSet($from.marks());
    if (!here) return undefined;
    const start = $from.start();
    let found;
    $from.parent.forEach((node, offset) => {
      if (!here.isInSet(node.marks)) return;
      const [from, to] = [start + offset, start + offset + node.nodeSize];
      if (found && found[1] === from) found[1] = to;
      else if (!found || found[1] < $from.pos) found = [from, to];
    });
    return found;
  }
}

class RichText extends HTMLElement {
  async connectedCallback() {
    if (this.words) return;
    this.area = this.querySelector("textarea");
    await library();
    if (!this.isConnected || this.words) return;
    const place = document.createElement("div");
    this.area.after(place);
    this.area.hidden = true;
    const label = document.querySelector(`label[for="${this.area.id}"]`);
    this.words = await RichWords.mount(place, this.area.value, this.handlers(), {
      class: "input input-area rich-surface",
      "aria-label": label?.textContent ?? "",
      "aria-describedby": this.area.getAttribute("aria-describedby") ?? "",
    });
    label?.addEventListener("click", () => this.words.focus());
    this.view.dom.addEventListener("focus", () => (this.wasIn = true));
    this.addEventListener("mousedown", (event) => event.target.closest("[data-mark]") && event.preventDefault());
    this.addEventListener("click", (event) => this.words.mark(event.target.closest("[data-mark]")?.dataset.mark));
    this.querySelector(".rich-link")?.addEventListener("keydown", (event) => this.linkKey(event));
    this.querySelector("[data-link-set]")?.addEventListener("click", () => this.answerLink(this.linkInput.value.trim()));
  }

  disconnectedCallback() {
    this.words?.destroy();
  }

  get view() {
    return this.words?.view;
  }

  get linkInput() {
    return this.querySelector(".rich-link input");
  }

  handlers() {
    return {
      change: (html) => {
        this.area.value = html;
        this.area.dispatchEvent(new Event("input", { bubbles: true }));
      },
      link: (before) => this.askLink(before),
      state: () => {
        for (const button of this.querySelectorAll("[data-mark]")) {
          button.setAttribute("aria-pressed", String(this.words?.has(button.dataset.mark) ?? false));
        }
      },
    };
  }

  // Words that changed elsewhere, such as on the page itself.
  set value(html) {
    this.area.value = html;
    if (!this.words || this.words.html === html) return;
    const { tr, doc } = this.view.state;
    const fresh = this.words.parse(html);
    // Not a change of this field's own: nothing is told.
    this.view.updateState(this.view.state.apply(tr.replaceWith(0, doc.content.size, fresh.content)));
  }

  get value() {
    return this.area.value;
  }

  insert(words) {
    this.words?.insert(words, !this.wasIn);
  }

  // Where the chosen words lead: from the picker where there is one, else asked for below the bar.
  askLink(before) {
    if (document.getElementById("links")) {
      return new Promise((answer) => this.dispatchEvent(new CustomEvent("picklink", { bubbles: true, detail: { before, answer } })));
    }
    this.linkInput.value = before;
    this.querySelector(".rich-link").hidden = false;
    this.linkInput.focus();
    return new Promise((answer) => (this.answer = answer));
  }

  answerLink(href) {
    this.querySelector(".rich-link").hidden = true;
    this.answer?.(href);
  }

  linkKey(event) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    this.answerLink(event.key === "Enter" ? this.linkInput.value.trim() : undefined);
  }
}

customElements.define("rich-text", RichText);
