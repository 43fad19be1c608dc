// The page editor: the real page in its frame is where words are changed and sections chosen.
import { frame } from "../blocks/editor/frame.js";
import { Keeping } from "../blocks/editor/keeping.js";
import { LinkPicker } from "../blocks/editor/links.js";
import { Meeting } from "../blocks/editor/meeting.js";
import { Presence } from "../blocks/editor/presence.js";
import { Session } from "../blocks/editor/session.js";
import { PicturePicker } from "../files/picker.js";
import { Stage } from "./stage.js";

class PageSession extends Session {
  keep() {
    this.keeping?.keep();
  }

  choose(block, { scroll = true } = {}) {
    this.stage.choose(block, scroll);
    return super.choose(block);
  }

  ahead(operation) {
    super.ahead(operation);
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

  // A section that somebody else changed is shown as it is now, but not under the hands of who writes in its panel.
  refreshPanel(answer) {
    const { shown, root } = this.panel;
    if (answer.panel || !(shown in answer.sections) || root.contains(document.activeElement)) return;
    if (!this.unsent && !this.stage.isWritingIn(shown)) this.panel.load(shown);
  }

  meet(met) {
    this.meeting.show(met);
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
    const at = this.rail.indexOf(this.chosen) + 1;
    const answer = await this.post(this.settings.pastes, { revision: this.revision, at });
    if (!answer) return;
    this.say("saved");
    if (answer.code) return void this.refuse(answer.message);
    for (const operation of answer.operations) this.send(operation, { soon: true, panel: "new" });
    this.announce("pasted", { number: answer.operations.length });
  }

  refuse(message) {
    this.saving.textContent = message;
    this.announce(message);
  }

  async publish() {
    const ready = await this.settle();
    const answer = ready && (await this.post(this.settings.publish, {}));
    if (!answer) return;
    if (this.final.has(answer.code)) return this.stop(answer.message);
    if (answer.code) return void (this.saving.textContent = answer.message);
    this.revision = answer.revision;
    document.getElementById("state").innerHTML = answer.badge;
    this.say("saved");
    document.getElementById("published").showModal();
  }
}

const session = new PageSession();
session.pictures = new PicturePicker(document.getElementById("pictures"));
const links = new LinkPicker(document.getElementById("links"), session);
session.stage = new Stage(session, document.getElementById("stage"), {
  tools: document.getElementById("rich-tools"),
  askLink: (before) => links.ask(before),
});
session.meeting = new Meeting(session, document.getElementById("met"));
session.stage.start(frame(session));
session.keeping = new Keeping(session, session.settings);
session.keeping.takeUp();
session.presence = new Presence(session, document.getElementById("presence"));

const button = document.getElementById("publish");
button.addEventListener("click", async () => {
  button.disabled = true;
  await session.publish();
  button.disabled = false;
});
document.documentElement.dataset.ready = "yes";
