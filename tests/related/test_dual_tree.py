"""Dual-tree wavelet packets: filters that are orthonormal and half a sample apart, bands that lose nothing."""

import numpy as np
import pytest

from shiftmath.related import dual_tree, q_shift_filter
from shiftmath.related.dual_tree import _bands

XI = 2 * np.pi * np.fft.fftfreq(64)


@pytest.mark.parametrize("taps", [4, 10, 14])
def test_the_designed_filter_is_orthonormal_to_its_shifts_by_two(taps):
    h = q_shift_filter(taps)
    for k in range(taps // 2):
        assert h[2 * k :] @ h[: taps - 2 * k] == pytest.approx(float(k == 0), abs=1e-13)
    assert h.sum() == pytest.approx(np.sqrt(2))
    assert h @ (-1.0) ** np.arange(taps) == pytest.approx(0, abs=1e-13)


def test_read_backwards_it_is_half_a_sample_later_where_it_passes():
    h, xi = q_shift_filter(14), np.linspace(0.01, np.pi / 2, 100)
    wave = np.exp(-1j * np.multiply.outer(xi, np.arange(14)))
    lag = -np.angle((wave @ h[::-1]) / (wave @ h)) / xi
    # Kingsbury's filters of 14 taps are good to some hundredths of a sample too; a sample more or less is far off.
    assert np.abs(lag - 0.5).max() < 0.05


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_bands_of_each_tree_keep_all_energy(depth):
    for tree in _bands(64, depth, 14):
        assert tree.shape == (2**depth, 64)
        assert np.allclose((np.abs(tree) ** 2).sum(0), 2**depth)


def test_inner_packets_have_their_energy_in_their_squares():
    frequencies, spectra = dual_tree((64, 64))
    assert frequencies.shape == (32, 2)
    xi, energy = np.stack(np.meshgrid(XI, XI, indexing="ij"), -1), np.abs(spectra) ** 2
    energy /= energy.sum((1, 2), keepdims=True)
    for theta, power in zip(frequencies, energy, strict=True):
        if np.max(np.abs(theta)) < 3 * np.pi / 4:
            assert power[np.max(np.abs(xi - theta), -1) < np.pi / 8 + 0.01].sum() > 0.5
            assert np.max(np.abs(np.tensordot(power * (xi[..., 0] > 0), xi, 2) - theta)) < np.pi / 4


def test_inner_packets_have_hardly_any_negative_frequencies_and_edge_ones_have():
    frequencies, spectra = dual_tree((64, 64))
    energy = (np.abs(spectra) ** 2).sum(2)
    negative = energy[:, XI < 0].sum(1) / energy.sum(1)
    first = np.rint(frequencies[:, 0] / (np.pi / 8))
    assert negative[first == 3].max() < 1e-3
    assert negative[first == 7].min() > 0.2


def test_the_second_half_is_the_mirror_of_the_first():
    frequencies, spectra = dual_tree((16, 24))
    assert np.array_equal(frequencies[16:], frequencies[:16] * [1, -1])
    filters = np.fft.ifft2(spectra)
    assert np.allclose(np.abs(spectra[16:]), np.abs(np.roll(spectra[:16, :, ::-1], 1, -1)))
    assert np.iscomplexobj(filters)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: q_shift_filter(7), "^taps: got 7, takes an even number from 4 to 32"),
        (lambda: dual_tree((8, 64)), r"^shape: got \(8, 64\), takes \(h, w\), both at least 16"),
        (lambda: dual_tree((64, 64), depth=7), "^depth: got 7, takes a whole number from 1 to 6"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
