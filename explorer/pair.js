// Two images with the labels 1 and -1, the trained networks f, and the nearest images of the other class.

// f = a_1 k(., x_1) + a_2 k(., x_2) with f(x_1) = 1, f(x_2) = -1, for many images at once; null if k cannot tell them apart.
function interpolant(kernels, network, [first, second], setting) {
  const values = (images, z) => kernels.kernel(network, images, z, setting);
  const [p, r] = values([first, second], first), q = values([second], second)[0], determinant = p * q - r * r;
  if (!(determinant > 1e-12 * p * q)) return null;
  const coefficients = [(q + r) / determinant, -(p + r) / determinant];
  const f = (images) => {
    const one = values(images, first), other = values(images, second);
    return one.map((v, i) => coefficients[0] * v + coefficients[1] * other[i]);
  };
  return Object.assign(f, { coefficients, gram: [[p, r], [r, q]] });
}

// An orthonormal basis of what the images span; what rounding left of a dependent one is dropped.
function orthonormal(images) {
  const basis = [];
  for (const x of images) {
    let rest = x;
    for (let twice = 0; twice < 2; twice++) for (const u of basis) rest = combine([1, rest], [-dot(u, rest), u]);
    if (norm(rest) > 1e-9 * norm(x)) basis.push(combine([1 / norm(rest), rest]));
  }
  return basis;
}

// Where to look for the nearest image: directions in which these networks see something. A fully connected one sees
// x_1, x_2 and one direction more, by symmetry any.
function directions(network, [first, second], { k, block, depth }) {
  const one = constant(k * k);
  if (network === "dense") return orthonormal([first, second, one, first.map((_, i) => i === 0 ? 1 : 0)]).slice(0, 3);
  const images = [first, second, one, normal(first, k, block), normal(second, k, block)];
  if (depth > 1) images.push(normal(first, k, 1).map((_, i) => near(i, k)));
  return orthonormal(images);
}

// Whether a place is one of the nine around the dot in the middle.
function near(i, k) {
  return Math.abs((i / k | 0) - (k >> 1)) <= 1 && Math.abs(i % k - (k >> 1)) <= 1 ? 1 : 0;
}

// From x the shortest step s with f(x + s) = 0 in the span of the basis: Newton's method on the linearised boundary.
function nearest(f, x, basis, start) {
  const h = 1e-6 * norm(x);
  let z = start, step = null;
  for (let round = 0; round < 10; round++) {
    const [value, ...moved] = f([z, ...basis.map((u) => combine([1, z], [h, u]))]);
    const slope = moved.map((v) => (v - value) / h), here = basis.map((u) => dot(u, z) - dot(u, x));
    const factor = (dot(slope, here) - value) / dot(slope, slope), next = slope.map((g) => factor * g);
    const change = norm(next.map((v, i) => v - here[i]));
    step = combine(...basis.map((u, i) => [next[i], u]));
    z = combine([1, x], [1, step]);
    if (!(change > 1e-8 * norm(x))) break;
  }
  return crossing(f, x, step);
}

// x + t s with f = 0, t next to 1, by the secant; infinitely far where there is none.
function crossing(f, x, step) {
  let [a, b] = [1, 1.0001], [u, v] = f([a, b].map((t) => combine([1, x], [t, step])));
  const accurate = 1e-13;
  for (let round = 0; round < 6 && Math.abs(u) > accurate && u !== v; round++) {
    const t = a - u * (b - a) / (v - u);
    [b, v, a] = [a, u, t];
    [u] = f([combine([1, x], [t, step])]);
  }
  const point = combine([1, x], [a, step]), found = Math.abs(u) < 1e-9 && a > 0 && a < 2;
  return { point, distance: found ? a * norm(step) : Infinity, value: u };
}

// The nearest image of the other class that is known or found, from x_i; never further than black, where f = 0.
function distance(f, network, images, i, setting) {
  const x = images[i], n = knownNormal(network, setting, x);
  if (n) return { point: foot(x, n), distance: Math.abs(dot(x, n)) / norm(n), kind: "exact" };
  const basis = directions(network, images, setting), starts = [x];
  if (network === "dense") starts.push(combine([1, x], [0.3 * norm(x), basis[basis.length - 1]]));
  const black = { point: combine([0, x]), distance: norm(x) };
  const all = [black, ...starts.map((z) => nearest(f, x, basis, z))];
  return { ...all.reduce((a, b) => (b.distance < a.distance ? b : a)), kind: "found" };
}

// The plane through black that holds both images, or the first one and the constant images where they are opposite.
function plane([first, second], { k }) {
  return orthonormal([first, second, constant(k * k)]).slice(0, 2);
}

// The angles at which f changes sign on the circle in the plane, and the sign after each. f is homogeneous, so its
// boundary there is made of rays.
function rays(f, [u, v], count) {
  const at = (angles) => f(angles.map((t) => combine([Math.cos(t), u], [Math.sin(t), v])));
  const angles = Array.from({ length: count + 1 }, (_, i) => (i + 0.37) * 2 * Math.PI / count), values = at(angles);
  let ends = [];
  for (let i = 0; i < count; i++)
    if ((values[i] >= 0) !== (values[i + 1] >= 0)) ends.push([angles[i], angles[i + 1], values[i], values[i + 1]]);
  for (let round = 0; round < 3 && ends.length; round++) {
    const middle = ends.map(([a, b, p, q]) => (p === q ? (a + b) / 2 : a - p * (b - a) / (q - p)));
    const value = at(middle);
    ends = ends.map(([a, b, p, q], i) =>
      (value[i] >= 0) === (p >= 0) ? [middle[i], b, value[i], q] : [a, middle[i], p, value[i]]);
  }
  return ends.map(([a, b, p, q]) => ({ angle: Math.abs(p) < Math.abs(q) ? a : b, positive: q >= 0 }));
}

// All that the page shows of one network for one setting; null if it cannot tell the images apart.
function solve(kernels, network, setting) {
  const images = pair(setting), f = interpolant(kernels, network, images, setting);
  if (!f) return null;
  const distances = [0, 1].map((i) => distance(f, network, images, i, setting));
  const basis = plane(images, setting);
  return { images, f, distances, basis, boundary: rays(f, basis, 32) };
}
