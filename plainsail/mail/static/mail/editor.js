// The mail editor: the mail in the frame is always rendered by the server, as a reader gets it.
import { frame as dress } from "../blocks/editor/frame.js";
import { PAUSE, RETRY, Session } from "../blocks/editor/session.js";
import { PicturePicker } from "../files/picker.js";
import { dressMerging } from "./merging.js";
import { dressShowing } from "./showing.js";

const frame = document.getElementById("stage");
const envelope = document.getElementById("envelope");

class MailSession extends Session {
  final = new Set(["stale", "on_its_way"]);
  envelopeChanged = false;

  get unsaved() {
    return super.unsaved || this.envelopeChanged;
  }

  // The mail anew, without a flash and where one was reading.
  async draw() {
    const ask = (this.asked = Symbol("mail"));
    const response = await fetch(frame.src);
    const page = frame.contentDocument;
    if (!response.ok || ask !== this.asked || !page) return;
    // The frame's own parser: this document's policy forbids the style attributes that a mail needs, the frame's allows them.
    const fresh = new frame.contentWindow.DOMParser().parseFromString(await response.text(), "text/html");
    const top = frame.contentWindow.scrollY;
    page.head.replaceChildren(...fresh.head.childNodes);
    page.body.replaceWith(fresh.body);
    frame.contentWindow.scrollTo(0, top);
  }

  // Subject and preview text stand apart from the sections, and save by themselves.
  write() {
    this.envelopeChanged = true;
    this.say("saving");
    clearTimeout(this.envelopeTimer);
    this.envelopeTimer = setTimeout(() => this.sendEnvelope(), PAUSE);
  }

  async sendEnvelope() {
    clearTimeout(this.envelopeTimer);
    while (this.busy) await new Promise((go) => setTimeout(go, 30));
    this.envelopeChanged = false;
    const body = new FormData();
    for (const input of envelope.querySelectorAll("input")) body.set(input.name, input.value);
    const answer = await this.post(envelope.dataset.url, body);
    if (!answer) {
      this.envelopeChanged = true;
      this.envelopeTimer = setTimeout(() => this.sendEnvelope(), RETRY);
    } else if (this.final.has(answer.code)) this.stop(answer.message);
    else if (answer.code) {
      this.sayEnvelope(answer.message, answer.field);
      this.say("refused");
    } else {
      this.sayEnvelope("");
      this.revision = answer.revision;
      this.say("saved");
    }
  }

  // The server's “no” to subject or preview text.
  sayEnvelope(message, field) {
    const line = document.getElementById("envelope-error");
    line.textContent = message;
    line.hidden = !message;
    for (const input of envelope.querySelectorAll("input")) {
      if (message && input.name === field) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  async flush() {
    if (this.envelopeChanged && !this.busy) await this.sendEnvelope();
    return super.flush();
  }
}

const session = new MailSession();
session.pictures = new PicturePicker(document.getElementById("pictures"));
dress(session);
dressMerging();
dressShowing(session);

envelope.addEventListener("input", () => {
  document.getElementById("name").textContent = envelope.querySelector("#subject").value || session.settings.nameless;
  session.write();
});

// Leaving for the next step takes along what is still being saved.
document.getElementById("next").addEventListener("click", async (event) => {
  if (!session.unsaved) return;
  event.preventDefault();
  const to = event.currentTarget.href;
  if (await session.settle()) location.assign(to);
});
document.documentElement.dataset.ready = "yes";
