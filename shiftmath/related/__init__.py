"""Results of further papers, one module each. Nothing else in the package knows them.

dual_tree    complex wavelet packets, each in one square of the frequencies
max_pooling  features by max pooling and by a complex modulus
pool_phases  how far these are apart: the phases of a pool, the bandwidth of a filter
wires        routers by phase and by gates, and how many wires they take
routing      circular shifts chosen by the lag between two oscillations
spiking      the same with outputs that integrate, leak and fire
"""

from shiftmath.related.dual_tree import DualTree, dual_tree, q_shift_filter
from shiftmath.related.max_pooling import cmod, filtered, gabor_spectrum, rmax
from shiftmath.related.pool_phases import bandwidth_error, peak_moments, phase_error
from shiftmath.related.routing import realignment_time, slot_probability, transfer
from shiftmath.related.spiking import Neuron, firing, neuron_for
from shiftmath.related.wires import GateRouter, PhaseRouter, gate_router, phase_router

__all__ = [
    "DualTree",
    "GateRouter",
    "Neuron",
    "PhaseRouter",
    "bandwidth_error",
    "cmod",
    "dual_tree",
    "filtered",
    "firing",
    "gabor_spectrum",
    "gate_router",
    "neuron_for",
    "peak_moments",
    "phase_error",
    "phase_router",
    "q_shift_filter",
    "realignment_time",
    "rmax",
    "slot_probability",
    "transfer",
]
