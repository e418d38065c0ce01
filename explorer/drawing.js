// The reader's own image: its orbit, |x|, |f_dc| and the ratio.

const SIDE = 8, SHADES = [["black", -1], ["gray", 0], ["white", 1]];
const drawing = new Float64Array(SIDE * SIDE);
const cells = [];
let shade = 1, pressed = false, focused = 0;
const middle = 4 * SIDE + 4;
const PRESETS = {
  Clear: () => 0,
  Dot: (i) => (i === middle ? 1 : 0),
  Cross: (i) => ((i / SIDE | 0) === 4 || i % SIDE === 4 ? 1 : 0),
  "Half white": (i) => (i % SIDE < 4 ? 1 : 0),
  Checkerboard: (i) => (((i / SIDE | 0) + i) % 2 ? 1 : -1),
};

const drawn = { orbit: picture("its orbit: all shifts"), x: picture("x"), near: picture("nearest where pooling decides") };

function set(i, value) {
  drawing[i] = value;
  showDrawing();
}

function showDrawing() {
  cells.forEach((cell, i) => {
    const [name] = SHADES.find(([, v]) => v === drawing[i]);
    cell.style.background = { black: "#000", gray: "#808080", white: "#fff" }[name];
    cell.setAttribute("aria-label", `Row ${(i / SIDE | 0) + 1}, column ${i % SIDE + 1}: ${name}`);
  });
  const all = orbit(drawing, SIDE), size = norm(drawing), level = Math.abs(dc(drawing)), ratio = level > 0 ? size / level : Infinity;
  const brightness = element("span", {}, "|f", element("sub", {}, "dc"), "(x)|, pooled");
  const rows = [["Images in the orbit", all.length], ["|x|, fully connected", show(size)], [brightness, show(level)],
    ["ratio", size === 0 ? "none" : ratio === Infinity ? "∞: pooling cannot tell x from −x" : show(ratio)]];
  $("numbers").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
  paint(drawn.x.canvas, drawing, SIDE, -1, 1, "The drawing");
  const mean = dc(drawing) / SIDE;
  paint(drawn.near.canvas, drawing.map((v) => v - mean), SIDE, -1, 1, `The drawing less its mean ${show(Math.abs(mean))}`);
  paint(drawn.orbit.canvas, tiled(all), SIDE * (SIDE + 1), -1, 1, `${all.length} shifts of the drawing`);
}

// The images of an orbit side by side, one pixel apart.
function tiled(images) {
  const side = SIDE * (SIDE + 1), sheet = new Float64Array(side * side).fill(NaN); // transparent
  images.forEach((x, n) => x.forEach((v, i) => {
    sheet[((n / SIDE | 0) * (SIDE + 1) + (i / SIDE | 0)) * side + n % SIDE * (SIDE + 1) + i % SIDE] = v;
  }));
  return sheet;
}

function focusOn(i) {
  cells[focused].tabIndex = -1;
  focused = i;
  cells[i].tabIndex = 0;
  cells[i].focus();
}

function onKey(event) {
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }, move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  focusOn(mod((focused / SIDE | 0) + move[0], SIDE) * SIDE + mod(focused % SIDE + move[1], SIDE));
}

function startDrawing() {
  for (let row = 0; row < SIDE; row++) {
    const line = element("div", { role: "row" });
    for (let column = 0; column < SIDE; column++) {
      const i = row * SIDE + column, cell = element("button", { type: "button", role: "gridcell", tabindex: i ? -1 : 0 });
      cell.addEventListener("pointerdown", (event) => { pressed = true; event.target.releasePointerCapture(event.pointerId); set(i, shade); });
      cell.addEventListener("pointerenter", () => pressed && set(i, shade));
      cell.addEventListener("click", () => set(i, shade));
      cell.addEventListener("focus", () => { cells[focused].tabIndex = -1; focused = i; cell.tabIndex = 0; });
      cells.push(cell);
      line.append(cell);
    }
    $("grid").append(line);
  }
  $("grid").addEventListener("keydown", onKey);
  window.addEventListener("pointerup", () => { pressed = false; });
  for (const [name, value] of SHADES) {
    const radio = element("input", { type: "radio", name: "shade", value });
    radio.checked = value === shade;
    radio.addEventListener("change", () => { shade = value; });
    $("shades").append(element("label", {}, radio, ` ${name}`));
  }
  for (const [name, at] of Object.entries(PRESETS)) {
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", () => { drawing.forEach((_, i) => { drawing[i] = at(i); }); showDrawing(); });
    $("presets").append(button);
  }
  $("drawn").append(drawn.x.figure, drawn.near.figure);
  $("orbit").append(drawn.orbit.figure);
  drawing[middle] = 1;
  showDrawing();
}

startPair();
startDrawing();
