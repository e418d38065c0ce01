// Two images with the labels 1 and -1, the trained networks f, and the nearest images of the other class.

// f = a_1 k(., x_1) + a_2 k(., x_2) with f(x_1) = 1, f(x_2) = -1, for many images at once; null if k cannot tell them apart.
function* interpolant(kernels, network, [first, second], setting) {
  const values = (images, z) => kernels.kernel(network, images, z, setting);
  const [p, r] = yield* values([first, second], first), [q] = yield* values([second], second);
  const determinant = p * q - r * r;
  if (!(determinant > 1e-12 * p * q)) return null;
  const coefficients = [(q + r) / determinant, -(p + r) / determinant];
  const f = function* (images) {
    const one = yield* values(images, first), other = yield* values(images, second);
    return one.map((v, i) => coefficients[0] * v + coefficients[1] * other[i]);
  };
  return Object.assign(f, { coefficients, gram: [[p, r], [r, q]] });
}

// The direction in which a linear network would go from one class to the other.
function direction(network, [first, second], { k, block }) {
  const difference = combine([1, first], [-1, second]);
  const n = network === "dense" ? difference : normal(difference, k, block);
  return norm(n) > 1e-9 * norm(difference) ? n : difference;
}

// Unit vectors along x and across it, so that x and n lie in their plane and n has a part across that is not negative.
function plane(x, n) {
  const u = combine([1 / norm(x), x]);
  for (const other of [n, constant(x.length), x.map((_, i) => (i ? 0 : 1))]) {
    const across = combine([1, other], [-dot(u, other), u]), size = norm(across);
    if (size > 1e-9 * norm(other)) return [u, combine([1 / size, across])];
  }
  return [u, u];
}

const on = ([u, v], angle) => combine([Math.cos(angle), u], [Math.sin(angle), v]);

// A zero of g between two numbers where it has different signs, by regula falsi in Illinois' form.
function* zero(g, [a, b, p, q]) {
  let best = a;
  for (let round = 0; round < 20; round++) {
    const c = b - q * (b - a) / (q - p), [r] = yield* g(c), step = Math.abs(c - best);
    best = c;
    if (r === 0 || step < 1e-11) break;
    if ((r >= 0) !== (q >= 0)) [a, p] = [b, q];
    else p /= 2;
    [b, q] = [c, r];
  }
  return best;
}

// The nearest image of the other class to x_i in the plane of x_i and the direction. f(c z) = c f(z) for c > 0, so the
// boundary there consists of rays from black, where f = 0; black itself is as far as |x|. `seen` gets points that are
// there already, farther ones first: any is a bound.
function* nearest(f, x, n, label, seen) {
  const basis = plane(x, combine([-label, n])), size = norm(x), parts = 6;
  const angles = Array.from({ length: parts }, (_, i) => (i + 1) * Math.PI / 2 / parts);
  const at = (angle) => ({ point: combine([size * Math.cos(angle), on(basis, angle)]), distance: size * Math.sin(angle) });
  const values = [1, ...(yield* f(angles.map((t) => on(basis, t)))).map((v) => label * v)];
  const last = values.findIndex((v) => v < 0);
  if (last < 0) return seen({ point: combine([0, x]), distance: size });
  seen(at(angles[last - 1]));
  const bracket = [angles[last - 2] || 0, angles[last - 1], values[last - 1], values[last]];
  const g = function* (t) { return (yield* f([on(basis, t)])).map((v) => label * v); };
  seen(at(yield* zero(g, bracket)));
}

// How f changes at x in the span of images that these networks see: the pair, its normals, constants, and around the dot.
function* gradient(f, x, [first, second], { k, block }) {
  const around = first.map((_, i) => (Math.abs((i / k | 0) - (k >> 1)) <= 1 && Math.abs(i % k - (k >> 1)) <= 1 ? 1 : 0));
  const images = [first, second, constant(k * k), normal(first, k, block), normal(second, k, block), around];
  const basis = orthonormal(images), h = 1e-6 * norm(x);
  const [value, ...moved] = yield* f([x, ...basis.map((u) => combine([1, x], [h, u]))]);
  return combine(...moved.map((v, i) => [(v - value) / h, basis[i]]));
}

// An orthonormal basis of what the images span.
function orthonormal(images) {
  const basis = [];
  for (const x of images) {
    let rest = x;
    for (let twice = 0; twice < 2; twice++) for (const u of basis) rest = combine([1, rest], [-dot(u, rest), u]);
    if (norm(rest) > 1e-9 * norm(x)) basis.push(combine([1 / norm(rest), rest]));
  }
  return basis;
}

// The nearest image of the other class to x_i: in closed form, or the nearest one of a few planes; `seen` gets every one
// that is nearer than those before it.
function* distance(f, network, images, i, setting, seen) {
  const x = images[i], n = knownNormal(network, setting, images), label = i ? -1 : 1;
  if (n) return { point: foot(x, n), distance: Math.abs(dot(x, n)) / norm(n), kind: "exact" };
  let best = { distance: Infinity };
  const better = (found) => { if (found.distance < best.distance) seen(best = { ...found, kind: "found" }); };
  yield* nearest(f, x, direction(network, images, setting), label, better);
  for (let round = 0; round < (network === "dense" ? 0 : 2); round++)
    yield* nearest(f, x, yield* gradient(f, round ? best.point : x, images, setting), label, better);
  return best;
}

// The other image's, where the images are opposite: f(-z) = -f(z).
const mirrored = ({ point, ...rest }) => ({ point: combine([-1, point]), ...rest });

// The angles at which f changes sign on the circle in a plane through black, and whether it is positive after each.
function* rays(f, basis, count) {
  const angles = Array.from({ length: count + 1 }, (_, i) => (i + 0.37) * 2 * Math.PI / count);
  const values = yield* f(angles.map((t) => on(basis, t))), found = [];
  for (let i = 0; i < count; i++) {
    const [a, b, p, q] = [angles[i], angles[i + 1], values[i], values[i + 1]];
    if ((p >= 0) !== (q >= 0)) found.push({ angle: a - p * (b - a) / (q - p), positive: q >= 0 });
  }
  return found;
}

// What the page shows of one network for one setting: null if it cannot tell the images apart, or if the kernels that are
// there have fewer layers and no formula is known. `seen` gets what there is before the search has ended.
function* solve(kernels, network, setting, seen = () => {}) {
  const images = pair(setting), n = knownNormal(network, setting, images);
  const deep = network === "pooled" && setting.depth > kernels.deepest;
  if (deep && !n) return { images, missing: true };
  const f = deep ? function* (all) { return all.map((z) => dot(n, z) / dot(n, images[0])); }
    : yield* interpolant(kernels, network, images, setting);
  if (!f) return null;
  const opposite = setting.gray === 0 && setting.angle === 180, distances = [];
  for (const i of opposite ? [0] : [0, 1]) {
    const found = (nearer) => { distances[i] = nearer; if (opposite) distances[1] = mirrored(nearer); };
    found(yield* distance(f, network, images, i, setting, (nearer) => { found(nearer); seen({ images, f, distances }); }));
  }
  return { images, f, distances };
}

// The picture of the boundary in the plane of the first image and the direction.
function* section(f, network, images, setting) {
  const basis = plane(images[0], direction(network, images, setting));
  return { basis, boundary: yield* rays(f, basis, 24) };
}
