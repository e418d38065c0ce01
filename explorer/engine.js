// The engine's inner loops in WebAssembly: kernels of images x_1, ..., x_n with one image z.

const DEEPEST = 4, STEP = 200000; // terms of kernels at once, before the page may draw: some 4 ms

// How many terms one entry of a kernel adds up, times its layers.
const terms = ({ k, block, depth }) => k * k * Math.min(k, 2 * block - 1) ** 2 * depth;

// What computes for long is a generator, which stops now and then for whoever runs it. This one runs it to its end.
function finished(steps) {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

function engine(bytes) {
  const { memory, __heap_base: base, convolutional, fully_connected: dense } =
    new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  let top;

  // Room for so many numbers, from the start of the heap on.
  function room(count) {
    const start = top;
    top += 8 * count;
    if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / 65536));
    return start;
  }

  function put(images) {
    const start = room(images.length * images[0].length);
    images.forEach((x, i) => new Float64Array(memory.buffer, start + 8 * i * x.length, x.length).set(x));
    return start;
  }

  // What a call leaves in (2, n): -2 K and 2 Theta.
  function sums(images, z, call) {
    top = Math.ceil(base.value / 16) * 16;
    const n = images.length, x = put(images), other = put([z]), out = room(2 * n);
    call(x, n, other, out);
    return new Float64Array(memory.buffer.slice(out, out + 16 * n));
  }

  function convolutionalSums(images, z, { k, depth, block }) {
    const d = k * k, rows = 1 + 2 * depth;
    return sums(images, z, (x, n, other, out) => {
      const scratch = [k, rows * n * d, rows * d, 2 * rows * d, rows * n * d, 10 * n * d, 14 * DEEPEST].map(room);
      convolutional(x, n, other, k, depth, block, ...scratch, out);
    });
  }

  function denseSums(images, z, { depth }) {
    return sums(images, z, (x, n, other, out) => {
      dense(x, n, other, z.length, depth, ...[5 * n, 7 * DEEPEST].map(room), out);
    });
  }

  const total = (s, n) => Array.from({ length: n }, (_, i) => (s[n + i] - s[i]) / 2);

  // The tangent kernel of the fully connected network, or of the convolutional one; a few images are walked together.
  function* kernel(network, images, z, setting) {
    if (network === "dense") {
      const size = norm(z), values = total(denseSums(images, z, setting), images.length);
      return values.map((v, i) => 2 * v * norm(images[i]) * size / z.length);
    }
    const together = Math.max(1, Math.floor(Math.min(1024 / z.length, STEP / terms(setting)))), values = [];
    for (let i = 0; i < images.length; i += together) {
      const some = images.slice(i, i + together);
      values.push(...total(convolutionalSums(some, z, setting), some.length));
      yield;
    }
    return values.map((v) => v / (z.length * setting.block ** 2));
  }

  return { kernel, convolutionalSums, denseSums, deepest: DEEPEST };
}

// The same without WebAssembly: closed forms, which convolutional networks have for one layer.
const closedForms = {
  deepest: 1,
  *kernel(network, images, z, { k, block, depth }) {
    const values = [];
    for (const x of images) {
      values.push(network === "dense" ? denseKernel(x, z, depth) : patchKernel(x, z, k, block));
      if (network !== "dense") yield;
    }
    return values;
  },
};
