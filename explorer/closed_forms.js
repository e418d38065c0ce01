// What has a formula: images, one-layer kernels and the boundaries that are hyperplanes. Images are rows of k * k numbers.

const dot = (x, z) => x.reduce((sum, v, i) => sum + v * z[i], 0);
const norm = (x) => Math.sqrt(dot(x, x));
const combine = (...terms) => terms[0][1].map((_, i) => terms.reduce((sum, [c, x]) => sum + c * x[i], 0));
const constant = (d) => new Float64Array(d).fill(1 / Math.sqrt(d));

// The DC component <w, x>, w the unit vector of all ones over sqrt d.
const dc = (x) => x.reduce((sum, v) => sum + v, 0) / Math.sqrt(x.length);

// The circular shift: (T_s x)_i = x_{i - s}, on both axes.
function shift(x, k, sy, sx) {
  return x.map((_, i) => x[mod((i / k | 0) - sy, k) * k + mod(i % k - sx, k)]);
}

function mod(i, k) {
  return ((i % k) + k) % k;
}

// All shifts of an image, each once.
function orbit(x, k) {
  const seen = new Map();
  for (let s = 0; s < k * k; s++) {
    const moved = shift(x, k, s / k | 0, s % k);
    seen.set(moved.join(), moved);
  }
  return [...seen.values()];
}

// A white dot in the middle of gray, and the second image: the dot turned by the angle towards a dot in another place.
// At 180 degrees it is black, at 90 degrees it is white and elsewhere.
function pair({ k, gray, angle }) {
  const d = k * k, here = (k >> 1) * k + (k >> 1), there = (k >> 2) * k + (k >> 2);
  const first = new Float64Array(d).fill(gray), second = new Float64Array(d).fill(gray);
  first[here] += 1;
  second[here] += angle === 180 ? -1 : Math.cos(angle * Math.PI / 180);
  second[there] += angle === 180 ? 0 : Math.sin(angle * Math.PI / 180);
  return [first, second];
}

// The tangent kernel of L hidden ReLU layers between unit vectors with cosine u.
function kappa(u, layers) {
  let K = Math.min(1, Math.max(-1, u)), T = K;
  for (let l = 0; l < layers; l++) {
    const slope = 1 - Math.acos(Math.min(1, K)) / Math.PI;
    K = Math.sqrt(Math.max(0, (1 - K) * (1 + K))) / Math.PI + K * slope;
    T = K + T * slope;
  }
  return T;
}

// k(x, z) of a fully connected network.
function denseKernel(x, z, depth) {
  const size = norm(x) * norm(z);
  return size > 0 ? size * kappa(dot(x, z) / size, depth) / x.length : 0;
}

// The nine pixels that a 3 x 3 filter sees around each place, circularly.
function patches(x, k) {
  const offsets = [-1, 0, 1];
  return Array.from(x, (_, i) => offsets.flatMap((a) => offsets.map((b) => x[mod((i / k | 0) + a, k) * k + mod(i % k + b, k)])));
}

const blockOf = (i, k, b) => ((i / k | 0) / b | 0) * k + ((i % k) / b | 0);

// k(x, z) of one convolution: the mean over blocks of the mean over the pairs of patches in each.
function patchKernel(x, z, k, b) {
  const X = patches(x, k), Z = patches(z, k);
  let sum = 0;
  for (let i = 0; i < X.length; i++)
    for (let j = 0; j < Z.length; j++) if (blockOf(i, k, b) === blockOf(j, k, b)) sum += denseKernel(X[i], Z[j], 1);
  return sum / (x.length * b * b);
}

// The normal M x of one convolution with blocks on x and -x: every tap adds the sums over the blocks, moved by the tap.
function normal(x, k, b) {
  const result = new Float64Array(x.length);
  for (const a of [-1, 0, 1])
    for (const c of [-1, 0, 1]) {
      const seen = shift(x, k, -a, -c), sums = new Float64Array(x.length);
      seen.forEach((v, i) => { sums[blockOf(i, k, b)] += v; });
      shift(seen.map((_, i) => sums[blockOf(i, k, b)]), k, a, c).forEach((v, i) => { result[i] += v; });
    }
  return result;
}

// Where the boundary is known to be <n, z> = 0, the normal n, else null: for opposite images, and for a pair of one norm
// beyond the critical angle 2 t, 2 t tan t = 1.
const CRITICAL_ANGLE = 74.8594;

function knownNormal(network, { k, block, depth, gray, angle }, [first, second]) {
  const opposite = gray === 0 && angle === 180;
  if (network === "dense") {
    const oneNorm = gray === 0 && depth === 1 && angle > CRITICAL_ANGLE;
    return opposite || oneNorm ? combine([1, first], [-1, second]) : null;
  }
  return opposite && (depth === 1 || block === 1) ? normal(first, k, block) : null;
}

// The nearest point to x on <n, z> = 0.
function foot(x, n) {
  return combine([1, x], [-dot(x, n) / dot(n, n), n]);
}
