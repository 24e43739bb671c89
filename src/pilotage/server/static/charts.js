// Reading a chart: the day under the pointer, with its figures. The same figures are in the table and the CSV.

const DAY_MS = 86_400_000;
const read = new WeakMap();

async function load(figure) {
  if (!read.has(figure)) {
    read.set(figure, fetch(figure.dataset.chart).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null));
  }
  return read.get(figure);
}

function nearest(readings, day) {
  let found = readings[0];
  for (const one of readings) if (Math.abs(Date.parse(one[0]) - day) < Math.abs(Date.parse(found[0]) - day)) found = one;
  return found;
}

function put(figure, className) {
  const part = Object.assign(document.createElement("div"), { className });
  part.setAttribute("aria-hidden", "true");
  figure.append(part);
  return part;
}

function clear(figure) {
  for (const part of figure.querySelectorAll(".reading, .crosshair")) part.remove();
}

async function show(figure, event) {
  const image = figure.querySelector("img");
  const chart = await load(figure);
  const box = image.getBoundingClientRect();
  // The narrow picture has other edges; there the table is the better reading.
  if (!chart || !chart.readings.length || Math.abs(box.width / box.height - chart.width / chart.height) > 0.05) return;
  const scale = box.width / chart.width;
  const left = chart.left * scale;
  const width = (chart.width - chart.left - chart.right) * scale;
  let first = Date.parse(chart.first);
  let last = Date.parse(chart.last);
  if (first === last) { first -= DAY_MS; last += DAY_MS; }
  const at = (event.clientX - box.left - left) / width;
  if (at < -0.02 || at > 1.02) { clear(figure); return; }
  const [day, text] = nearest(chart.readings, first + at * (last - first));
  clear(figure);
  const x = left + ((Date.parse(day) - first) / (last - first)) * width;
  const line = put(figure, "crosshair");
  line.style.left = `${x}px`;
  line.style.top = "0";
  line.style.height = `${box.height - 34 * scale}px`;
  const label = put(figure, "reading");
  label.textContent = `${day}\n${text}`;
  const beyond = x + label.offsetWidth + 24 > box.width;
  label.style.left = `${beyond ? x - label.offsetWidth - 12 : x + 12}px`;
  label.style.top = "8px";
}

document.addEventListener("pointermove", (event) => {
  const figure = event.target.closest?.("[data-chart]");
  if (figure && event.target.tagName === "IMG") show(figure, event);
});
document.addEventListener("pointerout", (event) => {
  const figure = event.target.closest?.("[data-chart]");
  if (figure && !figure.contains(event.relatedTarget)) clear(figure);
});
