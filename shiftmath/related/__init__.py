"""Results of further papers, one module each. Nothing else in the package knows them.

wires       routers by phase and by gates, and how many wires they take
simulation  circular shifts chosen by the lag between two oscillations, simulated
routing     its laws: how often noise lets a spike miss its slot, how long a switch takes
spiking     the same with outputs that integrate, leak and fire
"""

from shiftmath.related.routing import realignment_time, slot_probability
from shiftmath.related.simulation import switching, transfer
from shiftmath.related.spiking import Neuron, firing, neuron_for
from shiftmath.related.wires import GateRouter, PhaseRouter, gate_router, phase_router

__all__ = [
    "GateRouter",
    "Neuron",
    "PhaseRouter",
    "firing",
    "gate_router",
    "neuron_for",
    "phase_router",
    "realignment_time",
    "slot_probability",
    "switching",
    "transfer",
]
