// Who sees a section of a page: what is chosen in its panel becomes a condition once it is complete.
export function dressShown(session, panel) {
  panel.addEventListener("change", (event) => {
    const box = event.target.closest("[data-shown]");
    if (!box) return;
    const given = (name) => box.querySelector(`[name=${name}]`).value.trim();
    const who = given("who");
    for (const part of box.querySelectorAll("[data-shown-for]")) part.hidden = part.dataset.shownFor !== who;
    const value = conditions[who](given);
    if (value === undefined) return;
    session.send({ op: "show", block: session.panel.shown, value }, { soon: true });
  });
}

// As documents keep it; undefined for what isn't complete yet.
const conditions = {
  "": () => null,
  rest: () => ({ rest: true }),
  contact: (given) => {
    const asked = ["tag", "segment"].filter(given).map((field) => ({ field, op: "is", value: given(field) }));
    if (asked.length === 0) return undefined;
    return { tree: asked.length === 1 ? asked[0] : { all: asked } };
  },
  visit: (given) => {
    const asked = ["source", "device", "language"].filter(given).map((name) => [name, given(name)]);
    return asked.length === 0 ? undefined : { visit: Object.fromEntries(asked) };
  },
};
