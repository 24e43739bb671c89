// Charts that answer to the pointer: drawn by Vega from the specification that the picture is drawn from.
// Loaded when a chart comes into view; without it, or when anything fails, the picture stays.

const narrow = matchMedia("(max-width: 46rem)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const drawn = new Map();

// No code is made from text: expressions are interpreted, as the page's policy demands.
const OPTIONS = { ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true, theme: "" } };

let library = null;

function vega(address) {
  library ??= import(address).then(() => window.vegaEmbed);
  return library;
}

function theme() {
  return root.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function addressOf(figure) {
  const address = new URL(figure.dataset.chart, location.href);
  address.searchParams.set("theme", theme());
  address.searchParams.set("size", narrow.matches ? "narrow" : "wide");
  return address.pathname + address.search;
}

function release(figure) {
  drawn.get(figure)?.finalize?.();
  drawn.delete(figure);
}

async function draw(figure) {
  const address = addressOf(figure);
  if (figure.dataset.drawn === address) return;
  figure.dataset.drawn = address;
  try {
    const [embed, answer] = await Promise.all([vega(figure.dataset.script), fetch(address)]);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    const specification = await answer.json();
    const place = Object.assign(document.createElement("div"), { className: "interactive" });
    const made = await embed(place, specification, OPTIONS);
    // Meanwhile the theme may have changed, or the page was brought up to date without this figure.
    if (figure.dataset.drawn !== address || !figure.isConnected) { made.finalize(); return; }
    release(figure);
    drawn.set(figure, made);
    const picture = figure.querySelector("picture");
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", picture.querySelector("img").alt);
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    figure.querySelector(".interactive")?.remove();
    picture.hidden = true;
    picture.before(place);
  } catch (error) {
    delete figure.dataset.drawn;
    console.info(`The chart stays a picture: ${error.message}`);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "100px" });

function watch(within) {
  for (const figure of drawn.keys()) if (!figure.isConnected) release(figure);
  const figures = within.matches?.("[data-script]") ? [within] : within.querySelectorAll("[data-script]");
  for (const figure of figures) seen.observe(figure);
}

function again() {
  for (const figure of document.querySelectorAll("[data-drawn]")) draw(figure);
}

new MutationObserver(again).observe(root, { attributeFilter: ["data-theme"] });
dark.addEventListener("change", again);
narrow.addEventListener("change", again);
document.addEventListener("pilotage:swapped", (event) => watch(event.target));
watch(document);
