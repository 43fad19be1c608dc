// Who else is at this document: a word every few seconds, and what they changed comes back with the answer.
const ALONE = 8000;
const TOGETHER = 2500;

export class Presence {
  constructor(session, place) {
    this.session = session;
    this.place = place;
    this.others = [];
    this.tell();
    document.addEventListener("visibilitychange", () => !document.hidden && this.tell());
    addEventListener("pagehide", () => this.leave());
  }

  async tell() {
    clearTimeout(this.timer);
    const { session } = this;
    if (session.stopped) return;
    const answer = document.hidden ? undefined : await this.post(session.settings.presence, { keepalive: false });
    if (answer?.others) this.show(answer.others);
    // What a change of one's own is about to bring anyway is left to its answer.
    if (answer?.revision > session.revision && !session.unsaved) session.show(answer);
    this.timer = setTimeout(() => this.tell(), this.others.length > 0 ? TOGETHER : ALONE);
  }

  async post(url, { keepalive }) {
    const { session } = this;
    const body = JSON.stringify({ revision: session.revision, window: session.window, panel: session.chosen });
    const headers = { "X-CSRFToken": session.token, "Content-Type": "application/json", Accept: "application/json" };
    try {
      const response = await fetch(url, { method: "POST", headers, body, keepalive });
      return response.ok ? await response.json() : undefined;
    } catch {
      return undefined;
    }
  }

  leave() {
    this.post(this.session.settings.absence, { keepalive: true });
  }

  show(others) {
    const before = this.others.map((other) => other.name).join();
    this.others = others;
    if (others.map((other) => other.name).join() !== before) {
      this.place.replaceChildren(...others.slice(0, 4).map((other) => this.badge(other)));
      const { here, alone, yourself } = this.place.dataset;
      const names = others.map((other) => (other.self ? yourself : other.name)).join(", ");
      this.session.announce(names ? here.replace("%(names)s", names) : alone);
    }
    this.session.rail.mark(others);
    this.session.others?.(others);
  }

  badge(other) {
    const badge = document.createElement("span");
    const name = other.self ? this.place.dataset.yourself : other.name;
    badge.className = "presence-badge";
    badge.title = name;
    badge.setAttribute("role", "img");
    badge.setAttribute("aria-label", name);
    badge.textContent = other.name.split(/[\s@.]+/).slice(0, 2).map((word) => word.charAt(0).toUpperCase()).join("");
    return badge;
  }
}
