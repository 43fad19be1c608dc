// The page editor: the real page in its frame is where words are changed and sections chosen.
import { frame } from "../blocks/editor/frame.js";
import { Session } from "../blocks/editor/session.js";
import { Stage } from "./stage.js";

class PageSession extends Session {
  choose(block, { scroll = true } = {}) {
    this.stage.choose(block, scroll);
    return super.choose(block);
  }

  draw(answer) {
    document.getElementById("state").innerHTML = answer.badge;
    if (answer.reload) this.stage.reload(this.chosen);
    else this.stage.show(answer, this.chosen);
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
session.stage = new Stage(session, document.getElementById("stage"));
session.stage.start(frame(session));

const button = document.getElementById("publish");
button.addEventListener("click", async () => {
  button.disabled = true;
  await session.publish();
  button.disabled = false;
});
document.documentElement.dataset.ready = "yes";
