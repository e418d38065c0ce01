// Curves in space that turn together: by dragging, by the arrow keys, and back to the first view by Home.
const FIRST = [-1.05, 0.35], STEP = 0.1;  // turned about the vertical, tilted towards the reader, in radians

// The plane of the screen, x to the right and y up, and how near to the reader.
function seen([x, y, z], [turn, tilt]) {
  const right = x * Math.cos(turn) - y * Math.sin(turn), away = x * Math.sin(turn) + y * Math.cos(turn);
  return [right, z * Math.cos(tilt) + away * Math.sin(tilt), z * Math.sin(tilt) - away * Math.cos(tilt)];
}

function draw(canvas, curve, angles) {
  const size = canvas.clientWidth, scale = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
  canvas.width = canvas.height = Math.round(size * scale);
  pen.scale(scale, scale);
  pen.strokeStyle = pen.fillStyle = curve.colour === "#000000" ? getComputedStyle(canvas).color : curve.colour;
  const at = curve.points.map(p => seen(p, angles)).map(([x, y, near]) =>
    [size * (0.5 + 0.46 * x), size * (0.5 - 0.46 * y), near]);
  pen.beginPath();
  at.forEach(([x, y]) => pen.lineTo(x, y));
  pen.stroke();
  at.forEach(([x, y, near], i) => {
    pen.beginPath();
    pen.arc(x, y, i ? 2.5 + near : 6, 0, 2 * Math.PI);
    if (i) pen.fill(); else pen.stroke();  // a ring at the first
  });
}

function turning(box) {
  const curves = JSON.parse(box.dataset.curves), angles = [...FIRST];
  const canvases = curves.map(curve => {
    const figure = document.createElement("figure"), canvas = document.createElement("canvas");
    const name = document.createElement("figcaption");
    name.textContent = curve.name;
    figure.append(canvas, name);
    return [box.appendChild(figure).firstChild, curve];
  });
  const all = () => {
    box.dataset.angles = JSON.stringify(angles.map(a => Number(a.toFixed(3))));
    canvases.forEach(([canvas, curve]) => draw(canvas, curve, angles));
  };
  const move = (turn, tilt) => {
    angles[0] += turn;
    angles[1] = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, angles[1] + tilt));
    all();
  };
  const keys = {ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP]};
  box.addEventListener("keydown", event => {
    if (event.key === "Home") angles.splice(0, 2, ...FIRST), move(0, 0);
    else if (keys[event.key]) move(...keys[event.key]);
    else return;
    event.preventDefault();
  });
  box.addEventListener("pointerdown", event => event.target.setPointerCapture(event.pointerId));
  box.addEventListener("pointermove", event => event.buttons && move(event.movementX / 80, event.movementY / 80));
  new ResizeObserver(all).observe(box);
  new MutationObserver(all).observe(document.body, {attributes: true});  // light or dark
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".turning").forEach(turning));
