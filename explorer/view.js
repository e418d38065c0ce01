// The page: controls, pictures, numbers.

const $ = (id) => document.getElementById(id);
const SLICE = 12; // milliseconds of computing, after which the page draws and listens
let kernels = closedForms, problem = "this page was built without wasm-ld";
if (WASM) {
  try {
    kernels = engine(Uint8Array.from(atob(WASM), (c) => c.charCodeAt(0)));
  } catch (error) {
    problem = `this browser does not run it (${error.message})`;
  }
}
const compiled = kernels !== closedForms;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const show = (v) => (v === Infinity ? "∞" : v === 0 ? "0" : v >= 0.001 ? String(+v.toPrecision(4)) : v.toExponential(2));

// An image with low black and high white.
function paint(canvas, x, k, low, high, label) {
  canvas.width = canvas.height = k;
  const context = canvas.getContext("2d"), pixels = context.createImageData(k, k);
  x.forEach((v, i) => {
    const level = Math.round(255 * Math.min(1, Math.max(0, (v - low) / (high - low))));
    pixels.data.set([level, level, level, Number.isNaN(v) ? 0 : 255], 4 * i);
  });
  context.putImageData(pixels, 0, 0);
  canvas.setAttribute("aria-label", label);
}

function picture(caption) {
  const canvas = element("canvas", { class: "pixels", role: "img" });
  const words = element("figcaption", {}, caption);
  return { canvas, words, figure: element("figure", {}, canvas, words) };
}

// What a network's card holds.
function card(name) {
  const rows = ["first", "second"].map((which) => ["", "", ""].map((_, i) =>
    picture([`${which} image`, "nearest of the other class", "the step"][i])));
  const number = element("p", { class: "number" }), words = element("p", { class: "quiet" });
  const canvas = element("canvas", { class: "section", role: "img" });
  const legend = element("p", { class: "quiet" }, "Blue: the first image's class. The line goes to its nearest image of the other one.");
  $(name).append(number, words, ...rows.map((row) => element("div", { class: "row" }, ...row.map((p) => p.figure))), canvas, legend);
  return { number, words, rows, canvas, legend };
}

const cards = { dense: card("dense"), pooled: card("pooled") };

function setting() {
  const value = (id) => Number($(id).value), k = value("size"), blocks = divisors(k);
  return { k, block: blocks[Math.min(value("block"), blocks.length - 1)], depth: value("depth"), gray: value("gray"),
    angle: value("angle") };
}

const divisors = (k) => Array.from({ length: k }, (_, i) => i + 1).filter((b) => k % b === 0);

function readout({ k, block }) {
  return block === 1 ? "not pooled" : block === k ? "pooled over all places" : `pooled over ${block} × ${block} places`;
}

function drawPair(name, result, s) {
  const { rows } = cards[name], low = Math.min(-1, s.gray - 1), high = Math.max(1, s.gray + 1);
  rows.forEach((row, i) => {
    const which = i ? "second" : "first", x = result.images[i], found = result.distances?.[i];
    paint(row[0].canvas, x, s.k, low, high, `The ${which} image, ${s.k} by ${s.k} pixels`);
    const near = found ? found.point : x.map(() => NaN), step = near.map((v, j) => v - x[j]);
    const largest = Math.max(...step.map(Math.abs)) || 1;
    paint(row[1].canvas, near, s.k, low, high, found ? `The nearest image, at ${show(found.distance)}` : "not known");
    paint(row[2].canvas, step, s.k, -largest, largest, found ? `The step, at most ${show(largest)} at a pixel` : "not known");
    row[2].words.textContent = found ? `the step, up to ${show(largest)} a pixel (enlarged)` : "";
  });
}

// The plane of the boundary: sectors of one sign, the two images, the step.
function drawSection(canvas, result, { basis, boundary }, known) {
  const size = 288, ratio = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`), c = canvas.getContext("2d");
  canvas.width = canvas.height = size * ratio;
  c.setTransform(ratio, 0, 0, ratio, size * ratio / 2, size * ratio / 2);
  const scale = 105 / Math.max(...result.images.map(norm)), at = (x) => basis.map((u) => dot(u, x) * scale);
  boundary.forEach((ray, i) => {
    const next = boundary[(i + 1) % boundary.length], end = next.angle + (i + 1 < boundary.length ? 0 : 2 * Math.PI);
    sector(c, ray.angle, end, colour(ray.positive ? "positive" : "negative"));
  });
  if (!boundary.length) sector(c, 0, 2 * Math.PI, colour("positive")); // as the first image is
  boundary.forEach(({ angle }) => line(c, [0, 0], [135 * Math.cos(angle), -135 * Math.sin(angle)], colour("boundary"), 2));
  const [first, second] = result.images.map(at), near = at(result.distances[0].point);
  line(c, first, near, colour("step"), 3, true);
  ring(c, first, "#fff", false);
  ring(c, second, "#000", norm(result.images[1]) * scale > Math.hypot(...second) * 1.02);
  canvas.setAttribute("aria-label", `The boundary in a plane: ${boundary.length} rays from black at ` +
    `${boundary.map((r) => Math.round(r.angle * 180 / Math.PI)).join(", ")} degrees from the first image${known ? ", straight" : ""}`);
}

function sector(c, from, to, fill) {
  c.beginPath();
  c.moveTo(0, 0);
  c.arc(0, 0, 135, -from, -to, true);
  c.fillStyle = fill;
  c.fill();
}

function line(c, [a, b], [p, q], colour, width, flipped = false) {
  const sign = flipped ? -1 : 1;
  c.beginPath();
  c.moveTo(a, sign * b);
  c.lineTo(p, sign * q);
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.stroke();
}

function ring(c, [a, b], fill, dashed) {
  c.beginPath();
  c.arc(a, -b, 6, 0, 2 * Math.PI);
  c.setLineDash(dashed ? [3, 2] : []);
  c.fillStyle = fill;
  if (!dashed) c.fill();
  c.strokeStyle = fill === "#fff" ? "#000" : dashed ? getComputedStyle(document.documentElement).getPropertyValue("--boundary") : "#fff";
  c.lineWidth = 2;
  c.stroke();
  c.setLineDash([]);
}

function describe(name, result, s) {
  const { number, words } = cards[name];
  if (!result?.distances) {
    number.textContent = result ? "not computed" : "0";
    words.textContent = result ? "More layers before pooling have no formula here, and the engine is missing: " + problem + "."
      : "The network gives both images one value: it cannot tell them apart.";
    return;
  }
  const [first, second] = result.distances, exact = first.kind === "exact";
  number.replaceChildren(exact ? "" : "at most ", show(first.distance), element("small", {}, exact ? " exact" : " found"));
  words.textContent = `From the second image: ${second.kind === "exact" ? "" : "at most "}${show(second.distance)}. ` +
    `Times √d: ${show(first.distance * s.k)} and ${show(second.distance * s.k)}.`;
}

function summarise(results) {
  const [a, b] = ["dense", "pooled"].map((name) => results[name]?.distances?.[0]);
  const say = (d) => `${d.kind === "exact" ? "" : "at most "}${show(d.distance)}`;
  const sure = a?.kind === "found" ? "by what was found " : b?.kind === "found" ? "at least " : "";
  const nearer = b && b.distance < a.distance ? `: ${sure}${show(a.distance / b.distance)} times nearer` : "";
  const both = b ? ` and ${say(b)} for the convolutional one${nearer}.` : ".";
  $("summary").textContent = results.pooled
    ? `The nearest image of the other class is ${say(a)} away for the fully connected network${both}`
    : "After pooling over all places the two images are the same to the network.";
}

let later = 0;

function update() {
  const s = setting();
  $("block").max = divisors(s.k).length - 1;
  const values = { size: `${s.k} × ${s.k} pixels`, block: s.block === s.k ? `${s.k} × ${s.k}: all places` : `${s.block} × ${s.block}`,
    depth: `${s.depth} hidden layer${s.depth > 1 ? "s" : ""}`, gray: s.gray.toFixed(2).replace("-", "−"), angle: `${s.angle}°` };
  for (const [id, value] of Object.entries(values)) {
    $(`${id}-value`).textContent = value;
    $(id).setAttribute("aria-valuetext", value);
  }
  $("readout").textContent = readout(s);
  for (const id of ["summary", ...Object.keys(cards)]) $(id).setAttribute("aria-busy", true);
  clearTimeout(later);
  proceed(answer(s), s);
}

// Computes for a while, shows how far the search is, and comes back after the browser has drawn and listened.
function proceed(steps, s) {
  const start = performance.now();
  let soFar;
  do {
    const { done, value } = steps.next();
    if (done) return;
    soFar = value;
  } while (performance.now() - start < SLICE);
  if (soFar) showSoFar(...soFar, s);
  later = setTimeout(proceed, 0, steps, s);
}

// Everything that depends on the sliders, the numbers first; stops now and then, with a network's result so far if any.
function* answer(s) {
  const results = {}, start = performance.now();
  for (const name of Object.keys(cards)) {
    const result = results[name] = yield* searched(name, s);
    describe(name, result, s);
    drawPair(name, result || { images: pair(s) }, s);
    for (const part of [cards[name].canvas, cards[name].legend]) part.hidden = !result?.distances;
  }
  summarise(results);
  $("summary").setAttribute("aria-busy", false);
  document.body.dataset.milliseconds = (performance.now() - start).toFixed(1);
  for (const [name, result] of Object.entries(results)) {
    if (result?.distances) drawSection(cards[name].canvas, result, yield* section(result.f, name, result.images, s), result.distances[0].kind === "exact");
    $(name).setAttribute("aria-busy", false);
  }
  document.body.dataset.done = JSON.stringify(s);
}

// The result of a network, and on the way what is known of it.
function* searched(name, s) {
  let known;
  const steps = solve(kernels, name, s, (result) => { known = [name, result]; });
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    yield known;
  }
}

function showSoFar(name, result, s) {
  cards[name].number.replaceChildren("at most ", show(result.distances[0].distance), element("small", {}, " so far"));
  cards[name].words.textContent = "Searching for a nearer one …";
  drawPair(name, result, s);
}

function startPair() {
  const start = { size: 8, block: 3, depth: 1, gray: 0, angle: 180 };
  for (const id of Object.keys(start)) $(id).addEventListener("input", update);
  for (const [id, value] of new URLSearchParams(location.hash.slice(1))) {
    if (!(id in start)) continue;
    if (id === "block") $(id).max = divisors(setting().k).length - 1;
    $(id).value = id === "block" ? divisors(setting().k).indexOf(Number(value)) : value;
  }
  $("size").addEventListener("input", () => { $("block").max = divisors(setting().k).length - 1; });
  $("reset").addEventListener("click", () => {
    $("block").max = 3;
    for (const [id, value] of Object.entries(start)) $(id).value = value;
    update();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  $("note").textContent = compiled
    ? `The kernels are computed in this page by the inner loops of shiftmath's own engine, compiled to WebAssembly (${Math.round(WASM.length * 0.75 / 1024)} kB).`
    : `This page computes with closed forms alone, because ${problem}: the inner loops of shiftmath's engine are not in it.`;
  update();
}
