"""Results of further papers, one module each. Nothing else in the package knows them.

max_pooling  features by max pooling and by a complex modulus, and how far they are apart
wires        routers by phase and by gates, and how many wires they take
routing      circular shifts chosen by the lag between two oscillations
spiking      the same with outputs that integrate, leak and fire
"""

from shiftmath.related.max_pooling import (
    bandwidth_error,
    cmod,
    filtered,
    gabor_spectrum,
    peak_moments,
    phase_error,
    rmax,
)
from shiftmath.related.routing import realignment_time, slot_probability, transfer
from shiftmath.related.spiking import Neuron, firing, neuron_for
from shiftmath.related.wires import GateRouter, PhaseRouter, gate_router, phase_router

__all__ = [
    "GateRouter",
    "Neuron",
    "PhaseRouter",
    "bandwidth_error",
    "cmod",
    "filtered",
    "firing",
    "gabor_spectrum",
    "gate_router",
    "neuron_for",
    "peak_moments",
    "phase_error",
    "phase_router",
    "realignment_time",
    "rmax",
    "slot_probability",
    "transfer",
]
