// While a charter is written: the page as it will read, and whether it still fits.

const form = document.querySelector("[data-charter]");
const COUNTED = ["charter.purpose", "charter.value", "team"];

function text(name) {
  return (form.elements.namedItem(name)?.value ?? "").trim();
}

function lines(name) {
  return text(name).split("\n").map((line) => line.trim()).filter(Boolean);
}

function measure() {
  const box = form.querySelector("[data-length]");
  const most = Number(box.dataset.length);
  const length = [...COUNTED.map(text), ...lines("charter.risks")].reduce((sum, part) => sum + [...part].length, 0);
  const over = length > most;
  box.querySelector(".figure").textContent = `${length.toLocaleString("en-GB")} of ${most.toLocaleString("en-GB")} characters${over ? `, ${(length - most).toLocaleString("en-GB")} too many` : ""}`;
  const badge = box.querySelector(".badge");
  badge.className = `badge ${over ? "bad" : "good"}`;
  badge.lastChild.textContent = over ? "too long for one page" : "fits on one page";
  const bar = box.querySelector(".part");
  bar.setAttribute("width", String(Math.min(100, (100 * length) / most)));
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

form?.addEventListener("input", () => { measure(); preview(); });
