// The mail editor: the mail in the frame is always rendered by the server, as a reader gets it.
import { begin, frame as dress } from "../blocks/editor/frame.js";
import { PAUSE, RETRY, Session } from "../blocks/editor/session.js";
import { dressMerging } from "./merging.js";
import { dressShowing } from "./showing.js";

const frame = document.getElementById("stage");
const envelope = document.getElementById("envelope");

const inputs = () => [...envelope.querySelectorAll("input")];

function nameIt() {
  const { nameless } = document.getElementById("editor").dataset;
  document.getElementById("name").textContent = envelope.querySelector("#subject").value || nameless;
}

class MailSession extends Session {
  final = new Set(["stale", "on_its_way"]);
  envelopeChanged = false;
  // Subject and preview text as the server has them, as far as this window knows.
  head = Object.fromEntries(inputs().map((input) => [input.name, input.defaultValue]));

  get unsaved() {
    return super.unsaved || this.envelopeChanged;
  }

  // What somebody put in place of another's subject is written like their own.
  send(operation, options) {
    if (operation.op !== "head") return super.send(operation, options);
    envelope.querySelector(`[name="${operation.name}"]`).value = operation.value;
    this.write();
  }

  // Subject and preview text that somebody else wrote are shown, but not under the hands of who writes there.
  hear(head) {
    for (const input of inputs()) {
      const theirs = head[input.name];
      if (input.value !== this.head[input.name]) continue;
      this.head[input.name] = theirs;
      if (input.value !== theirs) input.value = theirs;
    }
    nameIt();
  }

  draw(answer) {
    if (answer.head) this.hear(answer.head);
    this.refreshPanel(answer);
    return this.redraw();
  }

  differs(block, answer) {
    return answer.changed?.includes(block);
  }

  // The mail anew, without a flash and where one was reading.
  async redraw() {
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
    const sent = Object.fromEntries(inputs().map((input) => [input.name, input.value]));
    body.set("revision", this.revision);
    for (const [name, value] of Object.entries(sent)) {
      body.set(name, value);
      body.set(`was_${name}`, this.head[name]);
    }
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
      if (!this.unsaved) this.say("saved");
      this.settleHead(answer, sent);
    }
  }

  // What was saved is known now, as the server made it; what met somebody else's is shown beside theirs, for one to decide.
  settleHead({ head, met }, sent) {
    for (const input of inputs()) {
      const { name } = input;
      this.head[name] = head[name];
      if (input.value === sent[name] && input !== document.activeElement) input.value = head[name];
      if (input.value === sent[name] && met.includes(name)) input.value = head[name];
    }
    nameIt();
    if (met.length > 0) this.meet(met.map((name) => this.metHead(name, sent[name], head[name])));
  }

  metHead(name, mine, theirs) {
    const section = envelope.querySelector(`label[for="${name}"]`).textContent;
    return { section, setting: "", by: "", gone: false, mine, theirs, operation: { op: "head", name, value: mine } };
  }

  // The server's “no” to subject or preview text.
  sayEnvelope(message, field) {
    const line = document.getElementById("envelope-error");
    line.textContent = message;
    line.hidden = !message;
    for (const input of inputs()) {
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
dress(session);
dressMerging();
dressShowing(session);

envelope.addEventListener("input", () => {
  nameIt();
  session.write();
});

// Leaving for the next step takes along what is still being saved.
document.getElementById("next").addEventListener("click", async (event) => {
  if (!session.unsaved) return;
  event.preventDefault();
  const to = event.currentTarget.href;
  if (await session.settle()) location.assign(to);
});
begin(session);
