// The page editor: the real page in its frame is where words are changed and sections chosen.
import { begin, frame } from "../blocks/editor/frame.js";
import { LinkPicker } from "../blocks/editor/links.js";
import { Session } from "../blocks/editor/session.js";
import { Inside } from "./inside.js";
import { InsideTools } from "./inside-tools.js";
import { dressShown } from "./shown.js";
import { Stage } from "./stage.js";
import { Wordless } from "./wordless.js";

class PageSession extends Session {
  choose(block, { scroll = true } = {}) {
    this.stage.choose(block, scroll);
    return super.choose(block);
  }

  // What stands inside of sections is in the list too.
  stands(block, answer) {
    return super.stands(block, answer) || answer.inside.includes(block);
  }

  // Next to what is chosen: in its column, or after its section.
  openBeside(block = this.chosen) {
    if (this.inside.has(block)) {
      const place = this.inside.beside(block);
      return this.openAdd(place, place.holds);
    }
    this.openAdd(this.rail.indexOf(block) + 1);
  }

  add(type, how) {
    const place = this.addAt;
    if (typeof place !== "object") return super.add(type);
    this.addAt = undefined;
    this.inside.add(place, type, how);
  }

  move(block, by) {
    if (!this.inside.has(block)) return super.move(block, by);
    this.inside.move(block, this.inside.next(block, by));
  }

  remove(block) {
    if (!this.inside.has(block)) return super.remove(block);
    this.send({ op: "delete", block }, { soon: true, panel: this.inside.heir(block) });
  }

  ahead(operation) {
    super.ahead(operation);
    this.inside.ahead(operation);
    // What stands beside words that are being written can't be shown in another order under them.
    if (operation.op !== "set" && this.inside.has(operation.parent ?? operation.block)) this.stage.stopWriting();
    if (["move", "delete"].includes(operation.op)) this.stage.ahead(operation);
  }

  show(answer, operations = []) {
    super.show(answer, operations);
    const wasAhead = operations.some((operation) => ["move", "delete"].includes(operation.op));
    if (answer.code && wasAhead && !this.stopped) this.stage.reload(this.chosen);
  }

  draw(answer) {
    document.getElementById("state").innerHTML = answer.badge;
    if (answer.reload) this.stage.reload(this.chosen);
    else this.stage.show(answer, this.chosen);
    this.refreshPanel(answer);
  }

  differs(block, answer) {
    return this.inside.section(block) in answer.sections && !this.stage.isWritingIn(block);
  }

  list(html) {
    super.list(html);
    for (const operation of this.waiting) this.inside.ahead(operation);
  }

  others(others) {
    this.stage.mark(others);
  }

  async copy() {
    if (!(await this.settle())) return;
    const sections = this.together(this.chosen);
    const answer = await this.post(this.settings.copies, { revision: this.revision, sections });
    if (!answer) return;
    this.say("saved");
    this.announce(answer.message ?? "copied", { number: answer.copied });
    return answer.copied;
  }

  async cut() {
    if (await this.copy()) this.remove(this.chosen);
  }

  async paste() {
    if (!(await this.settle())) return;
    const at = this.rail.indexOf(this.inside.section(this.chosen)) + 1;
    const answer = await this.post(this.settings.pastes, { revision: this.revision, at });
    if (!answer) return;
    this.say("saved");
    if (answer.code) return void this.refuse(answer.message);
    const put = this.putIn(answer.place, answer.operations);
    if (!put) return void this.refuse(document.getElementById("announced").dataset.nowhere);
    for (const operation of put) this.send(operation, { soon: true, panel: "new" });
    this.announce("pasted", { number: answer.operations.length });
  }

  // What was copied out of a column goes next to what is chosen in one, or to the end of a chosen row's first.
  putIn(holds, operations) {
    if (holds === "section") return operations;
    let place = this.inside.has(this.chosen) && this.inside.beside(this.chosen);
    if (place?.holds !== holds) {
      const list = [...this.rail.root.querySelectorAll("[data-held]")].find((each) => each.dataset.parent === this.chosen && each.dataset.holds === holds);
      place = list && this.inside.end(list.dataset.parent, list.dataset.slot);
    }
    return place && operations.map((operation, index) => ({ ...operation, parent: place.parent, slot: place.slot, at: place.at + index }));
  }

  refuse(message) {
    this.saving.textContent = message;
    this.announce(message);
  }

  // Pictures that say nothing to those who can't see them are asked for once; then the page goes live all the same.
  async publish({ asks = true } = {}) {
    const ready = await this.settle();
    const answer = ready && (await this.post(this.settings.publish, asks ? { asks } : {}));
    if (!answer) return;
    if (answer.wordless) {
      this.say("saved");
      return this.wordless.ask(answer.wordless);
    }
    if (this.final.has(answer.code)) return this.stop(answer.message);
    if (answer.code) return void (this.saving.textContent = answer.message);
    this.revision = answer.revision;
    document.getElementById("state").innerHTML = answer.badge;
    this.say("saved");
    document.getElementById("published").showModal();
  }
}

const session = new PageSession();
const links = new LinkPicker(document.getElementById("links"), session);
session.stage = new Stage(session, document.getElementById("stage"), {
  tools: document.getElementById("rich-tools"),
  askLink: (before) => links.ask(before),
});
session.inside = new Inside(session, document.getElementById("sections"));
session.stage.inside = new InsideTools(session.stage, document.getElementById("inside-tools"));
session.stage.start(frame(session));

dressShown(session, document.getElementById("panel"));
session.wordless = new Wordless(session, document.getElementById("wordless"));

const button = document.getElementById("publish");
// Not disabled meanwhile: it would lose the focus, which comes back to it from the dialog.
button.addEventListener("click", async () => {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  await session.publish();
  button.ariaBusy = "false";
});
begin(session);
