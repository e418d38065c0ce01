"""Results of further papers, one module each. Nothing else in the package knows them.

universal_approximation  deep circular networks of one or two channels
narrow_floors            the errors below which those that are narrower do not come
positions                encodings of position that a shift turns
helices                  what states know of position, and how nearly that is a helix
translation              a small language whose law no circular shift changes, and its translation
transformer              an encoder and a decoder that translate it
teaching                 the training of many of them at once, and their states
dual_tree                complex wavelet packets, each in one square of the frequencies
max_pooling              features by max pooling and by a complex modulus
pool_phases              how far these are apart: the phases of a pool, the bandwidth of a filter
wires                    routers by phase and by gates, and how many wires they take
simulation               circular shifts chosen by the lag between two oscillations, simulated
routing                  its laws: how often noise lets a spike miss its slot, how long a switch takes
spiking                  the same with outputs that integrate, leak and fire
"""

from shiftmath.related.dual_tree import DualTree, dual_tree, q_shift_filter
from shiftmath.related.helices import Distilled, Helix, distil, helix
from shiftmath.related.max_pooling import cmod, filtered, gabor_spectrum, rmax
from shiftmath.related.narrow_floors import monotone_distance, order_floor, product_grid, unseen_variance
from shiftmath.related.pool_phases import bandwidth_error, peak_moments, phase_error
from shiftmath.related.positions import geometric_frequencies, rotation, sinusoids
from shiftmath.related.routing import realignment_time, slot_probability
from shiftmath.related.simulation import switching, transfer
from shiftmath.related.spiking import Neuron, firing, neuron_for, slot_peaks
from shiftmath.related.teaching import States, states_of, teach
from shiftmath.related.transformer import Translator, translator
from shiftmath.related.translation import CLASSES, class_probabilities, sentences, translate
from shiftmath.related.universal_approximation import largest_plus_smallest, narrow, squared_differences
from shiftmath.related.wires import GateRouter, PhaseRouter, gate_router, phase_router

__all__ = [
    "CLASSES",
    "Distilled",
    "DualTree",
    "GateRouter",
    "Helix",
    "Neuron",
    "PhaseRouter",
    "States",
    "Translator",
    "bandwidth_error",
    "class_probabilities",
    "cmod",
    "distil",
    "dual_tree",
    "filtered",
    "firing",
    "gabor_spectrum",
    "gate_router",
    "geometric_frequencies",
    "helix",
    "largest_plus_smallest",
    "monotone_distance",
    "narrow",
    "neuron_for",
    "order_floor",
    "peak_moments",
    "phase_error",
    "phase_router",
    "product_grid",
    "q_shift_filter",
    "realignment_time",
    "rmax",
    "rotation",
    "sentences",
    "sinusoids",
    "slot_peaks",
    "slot_probability",
    "squared_differences",
    "states_of",
    "switching",
    "teach",
    "transfer",
    "translate",
    "translator",
    "unseen_variance",
]
