"""Kernels of dots on gray: those of all pixels, or polynomials in 50 digits where these are too many."""

from dataclasses import replace

import kernel_cases as cases
import mpmath as mp
import numpy as np
import pytest
import reference

from shiftmath.kernels import Convolutional
from shiftmath.kernels.dots import Dots, dots_gram, mixture
from shiftmath.kernels.dots.clusters import clusters, interval

EPS = float(np.finfo(float).eps)
HUGE = (10**6, 10**6)
# The accuracy of the engine, tests/test_kernels_accuracy.py.
EXACT = 1e-12
KERNELS = [
    (Convolutional(1), (9, 7)),
    (Convolutional(2, spatial_axes=1), (40,)),
    (Convolutional(3), (6, 8)),
    (Convolutional(2, filter_size=(2, 3), bias_std=0.4), (9, 30)),
    (Convolutional(1, filter_size=4, activation="abs", spatial_axes=1), (37,)),
    (Convolutional(2, activation="leaky_relu", negative_slope=0.3, dense_layers=2), (14, 11)),
    (Convolutional(2, activation="erf", bias_std=0.2, spatial_axes=1), (40,)),
    (Convolutional(1, activation="gelu", dense_layers=1), (12, 12)),
    (Convolutional(2, readout="flatten"), (12, 15)),
    (Convolutional(3, readout="flatten", filter_size=2, bias_std=0.3, spatial_axes=1), (40,)),
    (Convolutional(1, readout="flatten", activation="gelu"), (9, 7)),
    (Convolutional(2, readout="flatten", dense_layers=1, spatial_axes=1), (40,)),
]


def random_images(shape, rng, channels=1, count=6):
    """All gray, and up to five dots anywhere on different grays."""
    return [
        Dots(
            shape,
            {tuple(int(rng.integers(h)) for h in shape): rng.standard_normal(channels) for _ in range(dots)},
            gray=rng.standard_normal(channels) * (dots % 2),
        )
        for dots in range(count)
    ]


def dense(images):
    return np.stack([x.array() for x in images])


def interpolated(values, d):
    """(value, of the polynomial through these values {size: exact value}, at d), in 50 digits."""
    return sum(
        v * mp.fprod(mp.mpf(d - other) / (size - other) for other in values if other != size)
        for size, v in values.items()
    )


@pytest.mark.parametrize(("kernel", "shape"), KERNELS, ids=repr)
@pytest.mark.parametrize("channels", [1, 2])
def test_the_gram_of_dots_is_that_of_all_their_pixels(kernel, shape, channels, rng):
    images = random_images(shape, rng, channels)
    for get, whole in (("ntk", kernel(dense(images))), ("nngp", kernel.nngp(dense(images)))):
        gram = dots_gram(kernel, images, get)
        scale = cases.scale_of(np.diag(whole), np.diag(whole))
        assert np.abs((gram - whole) / scale).max() <= EXACT
        assert np.array_equal(gram, gram.T)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [Convolutional(2), Convolutional(1, bias_std=0.3, activation="gelu")], ids=repr)
@pytest.mark.parametrize("shape", [(4096,), (64, 64)])
def test_it_is_that_of_all_pixels_at_4096_pixels_too(kernel, shape):
    kernel = replace(kernel, spatial_axes=len(shape))
    last = tuple(h - 1 for h in shape)
    first = tuple(0 for _ in shape)
    images = [Dots(shape, {first: 1.0, last: -0.5}), Dots(shape, {last: -1.0}, gray=0.1)]
    assert np.abs(dots_gram(kernel, images) / kernel(dense(images)) - 1).max() <= EXACT


@pytest.mark.parametrize("gray", [0.0, 0.3])
@pytest.mark.parametrize(
    ("kernel", "power"),
    [
        (Convolutional(2, spatial_axes=1), 2),
        (Convolutional(1, filter_size=2, bias_std=0.4, spatial_axes=1), 2),
        (Convolutional(2, activation="erf", spatial_axes=1), 2),
        (Convolutional(2, readout="flatten", spatial_axes=1), 1),
    ],
    ids=repr,
)
def test_three_tori_in_fifty_digits_give_the_kernel_at_a_trillion_pixels(kernel, power, gray):
    huge, sizes = 10**12, (6, 7, 8)[: power + 1]

    def images(d):
        return Dots(d, {0: 1.0, 1: 0.25}, gray), Dots(d, {1: -1.0}, gray)

    gram = dots_gram(kernel, images(huge))
    for i, j in ((0, 0), (0, 1), (1, 1)):
        arrays = {d: [x.array() for x in images(d)] for d in sizes}
        values = {d: d**power * reference.pair(kernel, x[i], x[j])[0] for d, x in arrays.items()}
        exact = interpolated(values, huge) / mp.mpf(huge) ** power
        assert abs(gram[i, j] / exact - 1) <= EXACT


def test_a_mixture_keeps_the_difference_that_gray_hides():
    kernel, huge = Convolutional(2, spatial_axes=1), 10**12

    def images(d):
        return Dots(d, {0: 1.0}, 0.3), Dots(d, {0: -0.4}, 0.3)

    values = {}
    for d in (5, 6, 7):
        white, black = (x.array() for x in images(d))
        values[d] = d**2 * (reference.pair(kernel, white, white)[0] - reference.pair(kernel, white, black)[0])
    exact = interpolated(values, huge) / mp.mpf(huge) ** 2
    W, patches = mixture(kernel, images(huge))
    assert abs(W[0] @ kernel(patches) @ (W[0] - W[1]) / exact - 1) <= EXACT
    gram = dots_gram(kernel, images(huge))
    assert abs((gram[0, 0] - gram[0, 1]) / exact - 1) > 1e-6


def test_the_odd_part_of_a_kernel_of_two_layers_is_the_product_of_the_sums_at_a_trillion_pixels():
    images = [Dots(HUGE, {(0, 0): 1.0}, 1e-12), Dots(HUGE, {(5, 9): 3.0, (10**5, 3): 1.5}, -3e-12)]
    opposite = [Dots(HUGE, {tuple(p): -v for p, v in zip(x.positions, x.values, strict=True)}, -x.gray) for x in images]
    gram = dots_gram(Convolutional(1), images + opposite)
    sums = np.array([x.values.sum() + x.gray[0] * (10**12 - len(x.values)) for x in images])
    # The four entries are at most a few times as large as the odd part, each exact to EXACT.
    assert np.allclose(gram[:2, :2] - gram[:2, 2:], 2 * np.outer(sums, sums) / 1e24, rtol=0, atol=EXACT * gram.max())
    assert gram.max() <= 64 * np.abs(sums).min() ** 2 / 1e24


def test_pooling_leaves_a_dot_among_a_trillion_pixels_a_millionth_from_the_boundary():
    def moved(distance):
        """The white dot, moved this far along w = 1 / sqrt d."""
        return Dots(HUGE, {(7, 7): 1 - distance / 1e6}, -distance / 1e6)

    near, far = 1e-6 * (1 - 1e-9), 1e-6 * (1 + 1e-9)
    gram = dots_gram(Convolutional(1), [moved(0), Dots(HUGE, {(7, 7): -1.0}), moved(near), moved(far)])
    sides = gram[2:, 0] - gram[2:, 1]
    assert sides[0] > 0 > sides[1]


def test_where_dots_lie_does_not_matter_under_pooling():
    kernel, shape = Convolutional(2), (50, 1000)
    here = [Dots(shape, {(0, 0): 1.0, (1, 1): 2.0}), Dots(shape, {(9, 9): -1.0})]
    there = [Dots(shape, {(49, 999): 1.0, (0, 0): 2.0}), Dots(shape, {(20, 500): -1.0})]
    assert np.array_equal(dots_gram(kernel, here), dots_gram(kernel, there))
    flatten = Convolutional(2, readout="flatten")
    assert dots_gram(flatten, here)[0, 1] == 0
    assert dots_gram(flatten, [here[1], Dots(shape, {(9, 10): 1.0})])[0, 1] > 0


def test_the_patches_of_a_mixture_do_not_grow_with_the_image():
    for h in (7, 100, 10**6):
        assert mixture(Convolutional(3), [Dots((h, h), {(3, 3): 1.0}, 0.5)])[1].shape == (2, 7, 7, 1)
        assert mixture(Convolutional(3), [Dots((h, h), {(3, 3): 1.0})])[1].shape == (1, 7, 7, 1)


def test_the_weights_of_a_mixture_sum_to_one_and_its_patches_differ(rng):
    W, patches = mixture(Convolutional(1, bias_std=0.1), random_images((30, 30), rng))
    assert np.abs(W.sum(axis=1) - 1).max() <= 16 * EPS
    assert len(np.unique(patches.reshape(len(patches), -1), axis=0)) == len(patches)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("readout", ["average", "flatten"])
def test_dense_layers_tell_nearly_equal_images_from_equal_ones(activation, readout):
    kernel = Convolutional(2, activation=activation, readout=readout, dense_layers=1)
    images = [Dots((9, 20), {(3, 4): value}, 0.5) for value in (1.0, 1.0, 1 + 1e-9, 1 + 1e-6)]
    gram, whole = dots_gram(kernel, images), kernel(dense(images))
    for i, j in np.ndindex(gram.shape):
        exact = whole[i, j]
        # A deficit of eps, relative, moves kappa0 by sqrt(eps); that of the same patches is exactly 0.
        assert abs(gram[i, j] / exact - 1) <= (EXACT if max(i, j) < 2 else np.sqrt(64 * EPS))


@pytest.mark.parametrize("activation", ["relu", "erf", "gelu"])
def test_a_black_image_has_kernel_zero_without_bias(activation):
    images = [Dots(HUGE, {(0, 0): 1.0}), Dots(HUGE, {})]
    for readout in ("average", "flatten"):
        gram = dots_gram(Convolutional(2, activation=activation, readout=readout), images)
        assert gram[0, 0] > 0
        assert not gram[1].any()


def test_a_dot_of_the_value_of_gray_is_no_dot():
    images = [Dots(HUGE, {(4, 4): 0.5}, 0.5), Dots(HUGE, {}, 0.5)]
    gram = dots_gram(Convolutional(2), images)
    assert np.abs(gram / gram[0, 0] - 1).max() <= 16 * EPS


def test_no_window_meets_two_clusters(rng):
    for _ in range(50):
        shape, seen = (17, 11), rng.integers(1, 6, 2)
        positions = np.stack([rng.integers(0, h, 8) for h in shape], axis=1)
        groups = clusters(positions, shape, seen)
        assert sorted(np.concatenate(groups)) == list(range(8))
        for corner in np.ndindex(shape):
            inside = (((positions - corner) % shape) < seen).all(axis=1)
            assert sum(inside[g].any() for g in groups) <= 1


def test_the_interval_is_the_shortest_that_holds_the_coordinates(rng):
    for _ in range(100):
        length = int(rng.integers(1, 12))
        c = rng.integers(0, length, int(rng.integers(1, 5)))
        start, width = interval(c, length)
        assert width == min(((c - s) % length).max() + 1 for s in range(length))
        assert ((c - start) % length).max() + 1 == width


ONE = [Dots((5, 9), {(0, 0): 1.0})]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dots((4, 4, 4), {}), ValueError, r"shape: got \(4, 4, 4\), takes one or two"),
        (lambda: Dots((4, 4), [1.0]), TypeError, r"dots: got \[1.0\], takes a mapping"),
        (lambda: Dots((4, 4), {(0, 4): 1.0}), ValueError, r"dots: got position \(0, 4\), takes one index"),
        (lambda: Dots((4, 4), {(-1, 0): 1.0}), ValueError, r"dots: got position \(-1, 0\)"),
        (lambda: Dots((4, 4), {0: 1.0}), ValueError, "dots: got position 0"),
        (lambda: Dots((4, 4), {(0, 0.5): 1.0}), TypeError, r"dots: got position \(0, 0.5\)"),
        (lambda: Dots(4, {0: 1.0, (0,): 2.0}), ValueError, r"dots: got \[0, \(0,\)\], takes each position once"),
        (lambda: Dots((4, 4), {(0, 0): np.nan}), ValueError, "dots: got nan"),
        (lambda: Dots((4, 4), {(0, 0): [1.0, 2.0]}), ValueError, r"dots: got shape \(2,\), takes one number, or one"),
        (lambda: Dots((4, 4), {(0, 0): "white"}), TypeError, "dots: got dtype <U5"),
        (lambda: Dots((4, 4), {}, [[0.5]]), ValueError, r"gray: got shape \(1, 1\), takes one number a channel"),
        (lambda: dots_gram(Convolutional(padding="zero"), ONE), ValueError, "kernel: got .*takes circular padding"),
        (lambda: dots_gram(Convolutional(readout=3), ONE), ValueError, "readout 'average' or 'flatten'"),
        (lambda: dots_gram(lambda X: X, ONE), TypeError, "kernel: got .*takes a Convolutional"),
        (lambda: dots_gram(Convolutional(), []), TypeError, "images: got a list of nothing, takes a list of one or"),
        (lambda: dots_gram(Convolutional(), np.ones((2, 5, 9, 1))), TypeError, "got a ndarray of ndarray, takes"),
        (lambda: dots_gram(Convolutional(), [*ONE, Dots((9, 5), {})]), ValueError, r"images: got shapes \[\(5, 9, 1\)"),
        (
            lambda: dots_gram(Convolutional(input_shape=(5, 8, 1)), ONE),
            ValueError,
            r"takes images of shape \(5, 8, 1\)",
        ),
        (lambda: dots_gram(Convolutional(filter_size=7), ONE), ValueError, r"filter_size.* 7.*\(5, 9\)"),
        (lambda: dots_gram(Convolutional(), ONE, "cov"), ValueError, "get.* 'cov'"),
        (lambda: mixture(Convolutional(readout="flatten"), ONE), ValueError, "takes readout 'average' and no dense"),
        (lambda: dots_gram(Convolutional(), None), TypeError, "images: got a NoneType of nothing, takes a list of"),
        (lambda: dots_gram(Convolutional(), ONE[0]), TypeError, "images: got a Dots of nothing, takes a list of one"),
        (
            lambda: dots_gram(Convolutional(), [Dots((5, 9), {(0, 0): 1e160})]),
            ValueError,
            r"images: got .* up to 1e\+160",
        ),
        (lambda: Dots(5, {0: np.ma.array([1.0], mask=[True])}), TypeError, "dots: got a masked array, takes"),
        (lambda: Dots(5, None), TypeError, "dots: got None, takes a mapping"),
    ],
)
def test_bad_input_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
