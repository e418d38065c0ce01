"""The explorer: the engine's inner loops as WebAssembly, closed forms in JavaScript, and the page around them."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import explorer_page
import numpy as np
import pytest
import webassembly

from shiftmath import dc, dot_on_gray
from shiftmath.groups import circular_shifts
from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected

EXPLORER = Path(__file__).parents[1] / "explorer"


NODE = shutil.which("node") or shutil.which("nodejs")
CHROMIUM = shutil.which("chromium")
in_node = pytest.mark.skipif(NODE is None, reason="JavaScript is run by node, which is not installed (Debian: nodejs)")
linked = pytest.mark.skipif(webassembly.linker() is None, reason="wasm-ld is not installed (Debian: lld)")
EPS = float(np.finfo(float).eps)
KEYS = ("k", "block", "depth", "gray", "angle")
SETTINGS = [
    dict(zip(KEYS, values, strict=True))
    for values in [
        (8, 8, 1, 0, 180),
        (8, 1, 3, 0, 180),
        (6, 3, 1, 0, 180),
        (6, 2, 2, 0, 180),
        (5, 5, 4, 0, 180),
        (4, 2, 3, 0.2, 180),
        (6, 6, 1, -0.25, 120),
        (6, 1, 2, 0.1, 60),
        (7, 7, 1, 0, 75),
        (3, 3, 4, 0.5, 150),
    ]
]
COMPUTE = """
const { html, settings, drawings } = JSON.parse(require("fs").readFileSync(0));
const inside = (id) => html.match(`<script id="${id}">([^]*?)</script>`)[1];
const names = "WASM, engine, closedForms, finished, solve, section, orbit, norm, dc";
const explorer = new Function(inside("wasm") + inside("core") + `; return { ${names} };`)();
const loops = explorer.WASM && explorer.engine(Buffer.from(explorer.WASM, "base64"));
const answer = { settings: [], drawings: [], bits: [] };
const list = (x) => x && Array.from(x, (v) => (v.length ? Array.from(v) : v));
for (const s of settings) {
  const both = {};
  for (const network of ["dense", "pooled"]) {
    const way = [], seen = ({ distances: [d] }) => way.push({ ...d, point: list(d.point) });
    const solved = explorer.finished(explorer.solve(loops || explorer.closedForms, network, s, seen));
    const { images, f, distances, missing } = solved || {};
    both[network] = images && { images: list(images), missing: !!missing, gram: f && f.gram, distances: distances &&
      distances.map((d) => ({ ...d, point: list(d.point) })),
      way, rays: f && explorer.finished(explorer.section(f, network, images, s)).boundary.map((r) => r.angle) };
  }
  answer.settings.push(both);
}
for (const x of drawings)
  answer.drawings.push({ orbit: explorer.orbit(x, 8).length, norm: explorer.norm(x), dc: explorer.dc(x) });
if (loops)
  for (const s of settings) for (const n of [1, 3]) {
    const value = (i, j) => Math.fround(Math.sin(7 * i + j));
    const image = (_, j) => Float64Array.from({ length: s.k ** 2 }, (_, i) => value(i, j));
    const images = Array.from({ length: n + 1 }, image);
    const bits = (call) => Buffer.from(loops[call](images.slice(1), images[0], s).buffer).toString("hex");
    const [convolutional, fully_connected] = ["convolutionalSums", "denseSums"].map(bits);
    answer.bits.push({ s, images: list(images), convolutional, fully_connected });
  }
console.log(JSON.stringify(answer));
"""


@cache
def page(with_engine):
    return explorer_page.page(explorer_page.engine() if with_engine else b"")


DRAWINGS = [np.eye(8).ravel().tolist(), np.sign(np.random.default_rng(0).normal(size=64)).tolist(), [1.0] * 64]


@cache
def computed(with_engine):
    asked = json.dumps({"html": page(with_engine), "settings": SETTINGS, "drawings": DRAWINGS})
    run = subprocess.run([NODE, "-e", COMPUTE], input=asked, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def kernel_of(network, s):
    if network == "dense":
        return FullyConnected(depth=s["depth"])
    shape = (s["k"], s["k"])
    readout = {1: "flatten", s["k"]: "average"}.get(s["block"], s["block"])
    return Convolutional(depth=s["depth"], readout=readout, input_shape=shape)


def rounding(network, s):
    """What two computations of a kernel may differ by, relative to sqrt(k(x, x) k(z, z)), as `Kernel` says of each.

    Hundreds of eps; with pooling sqrt(32 eps) / pi a layer where correlations are nearly 1.
    """
    return 512 * EPS if network == "dense" else 512 * EPS + 2 * s["depth"] * np.sqrt(32 * EPS) / np.pi


def trained(network, s, values):
    return Interpolant(kernel_of(network, s), np.array(values["images"]), [1.0, -1.0])


CASES = [(network, i) for i in range(len(SETTINGS)) for network in ("dense", "pooled")]
EXACT = [("dense", i) for i in (0, 1, 2, 3, 4, 8)] + [("pooled", i) for i in (0, 1, 2)]


@in_node
@linked
@pytest.mark.parametrize(("network", "i"), CASES)
def test_kernels_are_those_of_shiftmath(network, i):
    s, values = SETTINGS[i], computed(True)["settings"][i][network]
    if s["angle"] == 180:
        np.testing.assert_array_equal(values["images"], np.stack(dot_on_gray((s["k"],) * 2, s["gray"])).reshape(2, -1))
    gram = kernel_of(network, s)(np.array(values["images"]))
    np.testing.assert_allclose(values["gram"], gram, rtol=0, atol=rounding(network, s) * np.diag(gram).max())


@in_node
@linked
@pytest.mark.parametrize(("network", "i"), CASES)
def test_shiftmath_changes_the_class_at_the_distance_shown(network, i):
    s, values = SETTINGS[i], computed(True)["settings"][i][network]
    f = trained(network, s, values)
    for label, x, found in zip((1, -1), f.X, values["distances"], strict=True):
        step = np.array(found["point"]) - x
        assert found["distance"] == pytest.approx(np.linalg.norm(step), rel=64 * EPS)
        before, after = label * f(np.stack([x + c * step for c in (1 - 1e-5, 1 + 1e-5)]))
        assert before > 0 > after or (not np.any(found["point"]) and before > 0)


@in_node
@linked
@pytest.mark.parametrize("i", [i for i in range(len(SETTINGS)) if ("pooled", i) not in EXACT])
def test_what_is_shown_on_the_way_is_a_bound_that_falls_to_the_last_one(i):
    s, values = SETTINGS[i], computed(True)["settings"][i]["pooled"]
    f, way = trained("pooled", s, values), values["way"]
    distances = [found["distance"] for found in way]
    assert distances == sorted(distances, reverse=True)
    assert way[-1] == values["distances"][0]
    steps = [np.array(found["point"]) - f.X[0] for found in way if np.any(found["point"])]
    assert len(steps) > 1
    # Beyond a zero of f by more than what the kernels' rounding moves it.
    assert (f(np.stack([f.X[0] + (1 + 1e-5) * step for step in steps])) < 0).all()


def exact_distances(network, s, values):
    """Of the hyperplane's: that of `Interpolant`, or one over the slope, or by symmetry."""
    f = trained(network, s, values)
    expected = [f.distance(x).upper for x in f.X] if network == "dense" and s["angle"] == 180 else None
    if s["depth"] == 1 and s["angle"] == 180:
        slopes = f(np.eye(s["k"] ** 2))
        expected = [1 / np.linalg.norm(slopes)] * 2
    if expected is None:  # one norm: the hyperplane halfway; flatten: the sign of the dot's pixel
        expected = [np.linalg.norm(f.X[0] - f.X[1]) / 2 if network == "dense" else np.linalg.norm(f.X[0])] * 2
    return expected


@in_node
@linked
@pytest.mark.parametrize(("network", "i"), EXACT)
def test_exact_distances_are_one_over_the_slope_of_a_linear_network(network, i):
    s, values = SETTINGS[i], computed(True)["settings"][i][network]
    assert [d["kind"] for d in values["distances"]] == ["exact"] * 2
    expected = exact_distances(network, s, values)
    # The slopes of a pooled dot, 1 / d^(1/2) each, are differences of kernels of size 1 / d.
    got = [d["distance"] for d in values["distances"]]
    np.testing.assert_allclose(got, expected, rtol=64 * EPS * s["k"] ** 2)


@in_node
@linked
@pytest.mark.parametrize("i", range(len(SETTINGS)))
def test_nothing_nearer_is_passed_over_on_the_way_between_the_classes(i):
    s, values = SETTINGS[i], computed(True)["settings"][i]["dense"]
    f = trained("dense", s, values)
    for label, x, y, found in zip((1, -1), f.X, f.X[::-1], values["distances"], strict=True):
        u = x / np.linalg.norm(x)
        across = (y - x) - u * (u @ (y - x))
        if np.linalg.norm(across) < 1e-9:
            continue
        across /= np.linalg.norm(across)
        angle = np.arcsin(min(1.0, found["distance"] / np.linalg.norm(x)))
        t = np.linspace(0, angle * (1 - 1e-5), 200)[:, None]
        assert (label * f(np.cos(t) * u + np.sin(t) * across) > 0).all()


@in_node
@linked
def test_webassembly_has_the_bits_of_native_code():
    compared, texts = computed(True)["bits"], explorer_page.intermediate()
    assert len(compared) == 2 * len(SETTINGS)
    run = {
        name: webassembly.native(name, texts[name], arguments) for name, arguments in explorer_page.ARGUMENTS.items()
    }
    for case in compared:
        s, images = case["s"], np.array(case["images"])
        z, x = images[0].copy(), images[1:].copy()
        n, d, rows, out = len(x), s["k"] ** 2, 1 + 2 * s["depth"], np.zeros((2, len(x)))
        lengths = [s["k"], rows * n * d, rows * d, 2 * rows * d, rows * n * d, 10 * n * d, 56]
        scratch = [np.zeros(length) for length in lengths]
        run["convolutional"](x.ctypes.data, n, z.ctypes.data, s["k"], s["depth"], s["block"],
                             *(a.ctypes.data for a in [*scratch, out]))  # fmt: skip
        assert out.tobytes().hex() == case["convolutional"]
        run["fully_connected"](x.ctypes.data, n, z.ctypes.data, d, s["depth"], scratch[5].ctypes.data,
                               scratch[6].ctypes.data, out.ctypes.data)  # fmt: skip
        assert out.tobytes().hex() == case["fully_connected"]


@in_node
def test_without_the_engine_the_closed_forms_have_the_kernels_and_exact_distances():
    # The textbook formulas lose half of the digits of an angle near 0, as the engine's differences do.
    plain = computed(False)["settings"]
    assert [i for i, s in enumerate(SETTINGS) if plain[i]["pooled"]["missing"]] == [3, 4, 5, 7, 9]
    for s, values in zip(SETTINGS, plain, strict=True):
        for network in ("dense", "pooled"):
            own = values[network]
            if own.get("gram"):
                gram = kernel_of(network, s)(np.array(own["images"]))
                np.testing.assert_allclose(own["gram"], gram, rtol=0, atol=rounding("pooled", s) * np.diag(gram).max())
            if not own["missing"] and own["distances"][0]["kind"] == "exact":
                expected = exact_distances(network, s, own)
                got = [d["distance"] for d in own["distances"]]
                np.testing.assert_allclose(got, expected, rtol=64 * EPS * s["k"] ** 2)


@in_node
def test_a_drawing_has_the_orbit_norm_and_dc_component_of_shiftmath():
    for x, values in zip(DRAWINGS, computed(False)["drawings"], strict=True):
        image = np.reshape(x, (8, 8))
        assert values["norm"] == pytest.approx(np.linalg.norm(image), rel=64 * EPS)
        assert values["dc"] == pytest.approx(dc(image), rel=64 * EPS)
        moved = {np.roll(image, (a, b), (0, 1)).tobytes() for a in range(8) for b in range(8)}
        assert values["orbit"] == len(moved) <= circular_shifts().order((8, 8))


def test_the_page_asks_no_host_and_labels_its_controls():
    text = page(False)
    assert not re.search(r"https?:|//[a-z]+\.|\bfetch\(|XMLHttp|import\(|<link|@import|url\(", text)
    controls = re.findall(r'<input type="range" id="(\w+)"', text)
    assert sorted(controls) == sorted(["size", "block", "depth", "gray", "angle"])
    assert all(f'<label for="{name}">' in text for name in controls)
    assert 'const WASM = "";' in text
    assert "closed forms alone" in text
    assert (EXPLORER / "closed_forms.js").read_text().count("\n") <= 200


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("with_engine", [pytest.param(True, marks=linked), False])
def test_a_browser_opens_the_page_from_the_file_system(with_engine, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(page(with_engine))
    address = f"{path.as_uri()}#size=6&block=3&depth=1&gray=0&angle=180"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=3000"]
    command = [CHROMIUM, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", address]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in run.stderr
    shown = re.search(r'<p id="summary"[^>]*>([^<]*)<', run.stdout)[1]
    x = dot_on_gray((6, 6))[0]
    f = Interpolant(Convolutional(readout=3), np.stack([x, -x]), [1.0, -1.0])
    distance = 1 / np.linalg.norm(f(np.eye(36).reshape(-1, 6, 6)))
    assert shown.startswith(
        f"The nearest image of the other class is 1 away for the fully connected network and {distance:.4g}"
    )
    assert ("compiled to WebAssembly" if with_engine else "closed forms alone") in run.stdout
    assert 'data-done="{' in run.stdout
