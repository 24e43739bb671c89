// What every page does a little better with a script: times in the reader's zone, the theme, copying, being sure.

const root = document.documentElement;

const PARTS = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
const FORMATS = {
  minute: new Intl.DateTimeFormat("en-US", PARTS),
  second: new Intl.DateTimeFormat("en-US", { ...PARTS, second: "2-digit" }),
};

// As the server writes it, whatever order a language would prefer: 2 Mar 2026, 08:30 UTC.
function written(kind, moment) {
  const part = Object.fromEntries(FORMATS[kind].formatToParts(moment).map(({ type, value }) => [type, value]));
  const clock = [part.hour, part.minute, ...(part.second ? [part.second] : [])].join(":");
  return `${part.day} ${part.month} ${part.year}, ${clock} ${part.timeZoneName}`;
}

function localTimes(within) {
  for (const time of within.querySelectorAll("time[data-zone]:not([title])")) {
    time.title = time.textContent;
    time.textContent = written(time.dataset.zone, new Date(time.dateTime));
  }
}

function revealScripted(within) {
  for (const button of within.querySelectorAll("[data-copy], [data-theme-toggle], [data-keys]")) button.hidden = false;
}

function say(text) {
  const said = document.getElementById("said");
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = before; }, 1500);
}

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// A picture asks the system for its scheme; a reader who chose another one here is served by what is marked for it.
function chartTheme(within) {
  const chosen = root.dataset.theme;
  for (const source of within.querySelectorAll("source[data-scheme]")) {
    const width = source.dataset.narrow === undefined ? "all" : "(max-width: 46rem)";
    if (!chosen) {
      const scheme = source.dataset.scheme === "dark" ? "(prefers-color-scheme: dark)" : "";
      source.media = [scheme, width === "all" ? "" : width].filter(Boolean).join(" and ") || "all";
    } else {
      source.media = source.dataset.scheme === chosen ? width : "not all";
    }
  }
}

function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("pilotage-theme", root.dataset.theme); } catch { /* a private window forgets */ }
  chartTheme(document);
  say(`Theme: ${root.dataset.theme}`);
}

function ask(form) {
  const dialog = document.createElement("dialog");
  const question = document.createElement("p");
  question.className = "saying";
  question.id = "sure";
  question.textContent = form.dataset.confirm;
  const buttons = document.createElement("div");
  buttons.className = "buttons";
  const yes = Object.assign(document.createElement("button"), { type: "button", className: "button danger sure", textContent: "Yes, do it" });
  const no = Object.assign(document.createElement("button"), { type: "button", className: "button second", textContent: "Cancel" });
  buttons.append(yes, no);
  dialog.setAttribute("aria-labelledby", "sure");
  dialog.className = "sure-dialog";
  dialog.append(question, buttons);
  document.body.append(dialog);
  yes.addEventListener("click", () => { form.dataset.sure = "yes"; dialog.close(); form.requestSubmit(); });
  no.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  no.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && form.dataset.sure !== "yes") {
    event.preventDefault();
    ask(form);
  } else if (form.method === "post") {
    if (form.dataset.sending) event.preventDefault();
    form.dataset.sending = "yes";
  }
});
addEventListener("pageshow", () => {
  for (const form of document.forms) { delete form.dataset.sending; delete form.dataset.sure; }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy !== undefined) copy(button);
  if (button.dataset.themeToggle !== undefined) toggleTheme();
});
document.addEventListener("pilotage:theme", toggleTheme);

function dress(within) {
  localTimes(within);
  revealScripted(within);
  chartTheme(within);
}
dress(document);
document.addEventListener("pilotage:swapped", (event) => dress(event.target));

// Where the tabs are wider than the screen, the page's own is in sight.
const tab = document.querySelector(".tabs [aria-current]"), tabs = tab?.closest(".tabs");
if (tabs && tabs.scrollWidth > tabs.clientWidth) {
  tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
}

// A refused form begins where the reader has to look.
document.querySelector("[data-problems]")?.focus();
