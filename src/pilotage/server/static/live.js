// The page looks again when something changed: regions that differ are swapped; what is being typed is left alone.

const root = document.documentElement;
const RECORD_WAIT_MS = 120;
const TRAFFIC_EVERY_MS = 2000;
const SAY_EVERY_MS = 15000;

let source = null;
let timer = 0;
let dueAt = 0;
let busy = false;
let lookedAt = 0;
let saidAt = 0;

function plain(element) {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time[data-zone]")) {
    time.textContent = time.dateTime;
    time.removeAttribute("title");
  }
  for (const part of copy.querySelectorAll("details")) part.open = false;
  for (const part of copy.querySelectorAll("[data-copy]")) part.hidden = true;
  for (const part of copy.querySelectorAll("source[data-scheme]")) part.removeAttribute("media");
  for (const part of copy.querySelectorAll("[data-row]")) { part.removeAttribute("tabindex"); part.classList.remove("chosen"); if (!part.className) part.removeAttribute("class"); }
  for (const part of copy.querySelectorAll(".interactive")) part.remove();
  for (const part of copy.querySelectorAll("picture[hidden]")) part.hidden = false;
  for (const part of copy.querySelectorAll("[data-drawn]")) part.removeAttribute("data-drawn");
  return copy.outerHTML;
}

function isTypedInto(element) {
  for (const control of element.querySelectorAll("input, textarea, select")) {
    if (control === document.activeElement && control.type !== "hidden") return true;
    if (control.tagName === "SELECT") {
      if ([...control.options].some((option) => option.selected !== option.defaultSelected) && control.dataset.touched) return true;
    } else if (control.type === "checkbox" || control.type === "radio") {
      if (control.checked !== control.defaultChecked) return true;
    } else if (control.value !== control.defaultValue) return true;
  }
  return element.contains(document.activeElement) && document.activeElement.tagName === "BUTTON";
}

function likeFocused(within, focused) {
  if (focused.id) return within.querySelector(`#${CSS.escape(focused.id)}`);
  if (focused.dataset.row !== undefined) return null;
  return [...within.querySelectorAll(focused.tagName)].find((one) => one.textContent === focused.textContent);
}

function swap(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const open = new Set([...old.querySelectorAll("details[open]")].map((one) => one.id || one.querySelector("summary")?.textContent));
  if (old.tagName === "DETAILS") fresh.open = old.open;
  for (const part of fresh.querySelectorAll("details")) if (open.has(part.id || part.querySelector("summary")?.textContent)) part.open = true;
  const scrolled = [...old.querySelectorAll(".scroll"), old].map((one) => [one.scrollLeft, one.scrollTop]);
  old.replaceWith(fresh);
  [...fresh.querySelectorAll(".scroll"), fresh].forEach((one, index) => { if (scrolled[index]) [one.scrollLeft, one.scrollTop] = scrolled[index]; });
  fresh.dispatchEvent(new CustomEvent("pilotage:swapped", { bubbles: true }));
  if (focused) likeFocused(fresh, focused)?.focus({ preventScroll: true });
}

function merge(fresh) {
  let changed = false;
  const pair = (id) => document.querySelector(`[data-live-id="${CSS.escape(id)}"]`);
  const arriving = [...fresh.querySelectorAll("[data-live-id]")];
  const ids = new Set(arriving.map((one) => one.dataset.liveId));
  for (const old of document.querySelectorAll("[data-live-id]")) {
    if (!ids.has(old.dataset.liveId) && !isTypedInto(old)) { old.remove(); changed = true; }
  }
  for (const one of arriving) {
    const old = pair(one.dataset.liveId);
    if (old) {
      if (plain(old) === plain(one) || isTypedInto(old)) continue;
      swap(old, document.adoptNode(one));
      changed = true;
    } else if (one.parentElement?.matches("main > .within")) {
      const before = one.previousElementSibling?.dataset.liveId;
      const anchor = before && pair(before);
      const added = document.adoptNode(one);
      if (anchor) anchor.after(added); else document.querySelector("main > .within").prepend(added);
      added.dispatchEvent(new CustomEvent("pilotage:swapped", { bubbles: true }));
      changed = true;
    }
  }
  document.title = fresh.title;
  return changed;
}

async function look(kind) {
  if (busy) { later(kind, RECORD_WAIT_MS); return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
    if (new URL(answer.url).pathname === "/sign-in") { stop(); return; }
    if (!answer.ok) return;
    const changed = merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
    lookedAt = Date.now();
    if (changed && kind === "record" && Date.now() - saidAt > SAY_EVERY_MS) {
      saidAt = Date.now();
      document.getElementById("said").textContent = "The page was brought up to date.";
    }
  } catch {
    // The server is away for a moment; the stream comes back by itself and looks again then.
  } finally {
    busy = false;
  }
}

function later(kind, wait) {
  const at = Date.now() + wait;
  if (timer && dueAt <= at) return;
  clearTimeout(timer);
  dueAt = at;
  timer = setTimeout(() => { timer = 0; look(kind); }, wait);
}

function heard(kind, event) {
  const change = JSON.parse(event.data);
  if (root.dataset.workload && change.workload !== root.dataset.workload) return;
  later(kind, kind === "record" ? RECORD_WAIT_MS : Math.max(RECORD_WAIT_MS, TRAFFIC_EVERY_MS - (Date.now() - lookedAt)));
}

function show(alive) {
  for (const state of document.querySelectorAll("[data-live-state]")) state.hidden = !alive;
}

function start() {
  if (source) return;
  source = new EventSource("/api/v1/events");
  let opened = false;
  source.addEventListener("open", () => { show(true); if (opened) later("record", RECORD_WAIT_MS); opened = true; });
  source.addEventListener("error", () => show(false));
  source.addEventListener("record", (event) => heard("record", event));
  source.addEventListener("traffic", (event) => heard("traffic", event));
}

function stop() {
  source?.close();
  source = null;
  show(false);
}

if (root.dataset.live !== undefined && root.dataset.signedIn === "yes") {
  document.addEventListener("change", (event) => { event.target.dataset.touched = "yes"; });
  start();
  // A tab that nobody sees holds no connection: browsers allow few to one server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop(); else { start(); later("record", 0); }
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted) { start(); later("record", 0); } });
}
