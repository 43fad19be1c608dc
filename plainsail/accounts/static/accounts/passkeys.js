// <form data-passkey="add|use"> asks the browser for a passkey before it is sent, and sends the answer in its field
// `credential`. What to ask for stands in the JSON element named by data-given, or is fetched from data-options.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const keys = (list) => list?.map((key) => ({ ...key, id: bytes(key.id) }));

async function options(form) {
  if (form.dataset.given) return JSON.parse(document.getElementById(form.dataset.given).textContent);
  const response = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

async function create(given, form) {
  const key = given.creation_options.publicKey;
  const selection = { ...key.authenticatorSelection };
  const alone = form.elements.passwordless?.checked ?? false;
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return navigator.credentials.create({
    publicKey: {
      ...key,
      challenge: bytes(key.challenge),
      user: { ...key.user, id: bytes(key.user.id) },
      excludeCredentials: keys(key.excludeCredentials),
      authenticatorSelection: selection,
    },
  });
}

function use(given) {
  const key = given.request_options.publicKey;
  return navigator.credentials.get({
    publicKey: { ...key, challenge: bytes(key.challenge), allowCredentials: keys(key.allowCredentials) },
  });
}

function plain(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) answer[part] = text(response[part]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return {
    type: credential.type,
    id: credential.id,
    rawId: text(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: answer,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const field = form.elements.credential;
  const trouble = form.querySelector("[data-trouble]");
  form.addEventListener("submit", async (event) => {
    if (form.dataset.ready) return;
    event.preventDefault();
    trouble.hidden = true;
    try {
      const given = await options(form);
      field.value = JSON.stringify(plain(await (form.dataset.passkey === "add" ? create(given, form) : use(given))));
      form.dataset.ready = "yes";
      form.requestSubmit();
    } catch {
      trouble.hidden = false;
    }
  });
}
