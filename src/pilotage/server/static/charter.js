// While a charter is written: the page as it will read, and whether it still fits.

const form = document.querySelector("[data-charter]");
const PAUSE_MS = 300;

function text(name) {
  return (form.elements.namedItem(name)?.value ?? "").trim();
}

function lines(name) {
  return text(name).split("\n").map((line) => line.trim()).filter(Boolean);
}

let asked = 0;
let waiting;

async function measure() {
  const mine = ++asked;
  const answer = await fetch(form.action.replace(/edit$/, "fit"), { method: "POST", body: new FormData(form) });
  if (!answer.ok) return;
  const fit = await answer.json();
  // What was typed since has been asked about already.
  if (mine === asked) show(fit);
}

function show(fit) {
  const box = form.querySelector("[data-fit]");
  const over = fit.fits === false;
  box.querySelector(".figure").textContent = fit.said;
  const badge = box.querySelector(".badge");
  badge.className = `badge ${over ? "bad" : fit.fits ? "good" : "calm"}`;
  badge.lastChild.textContent = over ? "too long for one page" : fit.fits ? "fits on one page" : "not measured";
  const bar = box.querySelector(".part");
  bar.setAttribute("width", String(Math.min(100, 100 * fit.used)));
  bar.setAttribute("class", over ? "part bad" : "part");
}

function preview() {
  for (const part of form.querySelectorAll("[data-preview]")) {
    const field = document.getElementById(part.dataset.preview);
    if (!field) continue;
    if (part.tagName === "UL") {
      part.replaceChildren(...lines(field.name).map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    } else {
      part.textContent = field.value;
    }
  }
}

form?.addEventListener("input", () => {
  preview();
  clearTimeout(waiting);
  waiting = setTimeout(measure, PAUSE_MS);
});
