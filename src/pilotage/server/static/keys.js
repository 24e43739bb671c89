// The keyboard: single keys move about, and can be switched off, since not everybody's keyboard is one.

const root = document.documentElement;
const WAIT_MS = 1500;
const slug = root.dataset.workload;

const PLACES = {
  p: ["Portfolio", "/"],
  l: ["Ledger", slug ? `/ledger?workload=${slug}` : "/ledger"],
  m: ["Your account", "/me"],
  ...(slug ? {
    w: ["Overview of the workload", `/w/${slug}`],
    c: ["Charter", `/w/${slug}/charter`],
    e: ["Evidence", `/w/${slug}/evidence`],
    a: ["Calls", `/w/${slug}/calls`],
  } : {}),
};

let going = 0;

function areOn() {
  try { return localStorage.getItem("pilotage-keys") !== "off"; } catch { return true; }
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("chosen"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  for (const row of rows) row.classList.remove("chosen");
  next.classList.add("chosen");
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function openChosen(event) {
  const row = document.activeElement;
  if (row?.dataset.row === undefined) return;
  const link = row.querySelector("a[href]");
  if (link) { event.preventDefault(); link.click(); }
}

function help() {
  if (document.querySelector("dialog[open]")) return;
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = Object.assign(document.createElement("h2"), { id: "keys-title", textContent: "Keyboard" });
  const list = document.createElement("dl");
  list.className = "keys";
  const rows = [
    ["/", "Find"], ["j", "Next row"], ["k", "Row before"], ["Enter", "Open the row"],
    ...Object.entries(PLACES).map(([key, [name]]) => [`g ${key}`, name]),
    ["t", "Light or dark"], ["?", "This list"],
  ];
  for (const [keys, what] of rows) {
    const term = document.createElement("dt");
    for (const key of keys.split(" ")) term.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
    list.append(term, Object.assign(document.createElement("dd"), { textContent: what }));
  }
  const check = document.createElement("div");
  check.className = "check";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", id: "keys-on", checked: areOn() });
  check.append(box, Object.assign(document.createElement("label"), { htmlFor: "keys-on", textContent: "Single keys are on" }));
  box.addEventListener("change", () => {
    try { localStorage.setItem("pilotage-keys", box.checked ? "on" : "off"); } catch { /* a private window forgets */ }
  });
  const close = Object.assign(document.createElement("button"), { type: "button", className: "button second", textContent: "Close" });
  close.addEventListener("click", () => dialog.close());
  const buttons = Object.assign(document.createElement("div"), { className: "buttons" });
  buttons.append(close);
  dialog.append(title, list, check, document.createElement("br"), buttons);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => { if (event.target.closest("[data-keys]")) help(); });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter") { openChosen(event); return; }
  if (!areOn() || root.dataset.signedIn !== "yes") return;
  if (going && Date.now() - going < WAIT_MS) {
    going = 0;
    const place = PLACES[event.key];
    if (place) { event.preventDefault(); location.assign(place[1]); }
    return;
  }
  const act = {
    "?": help,
    "/": () => document.querySelector("[data-find]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    t: () => document.dispatchEvent(new CustomEvent("pilotage:theme")),
    g: () => { going = Date.now(); },
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});
