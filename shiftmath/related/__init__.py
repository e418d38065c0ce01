"""Results of further papers, one module each. Nothing else in the package knows them.

universal_approximation  deep circular networks of one or two channels
narrow_floors            the errors below which those that are narrower do not come
wires                    routers by phase and by gates, and how many wires they take
simulation               circular shifts chosen by the lag between two oscillations, simulated
routing                  its laws: how often noise lets a spike miss its slot, how long a switch takes
spiking                  the same with outputs that integrate, leak and fire
"""

from shiftmath.related.narrow_floors import monotone_distance, order_floor, product_grid, unseen_variance
from shiftmath.related.routing import realignment_time, slot_probability
from shiftmath.related.simulation import switching, transfer
from shiftmath.related.spiking import Neuron, firing, neuron_for
from shiftmath.related.universal_approximation import largest_plus_smallest, narrow, squared_differences
from shiftmath.related.wires import GateRouter, PhaseRouter, gate_router, phase_router

__all__ = [
    "GateRouter",
    "Neuron",
    "PhaseRouter",
    "firing",
    "gate_router",
    "largest_plus_smallest",
    "monotone_distance",
    "narrow",
    "neuron_for",
    "order_floor",
    "phase_router",
    "product_grid",
    "realignment_time",
    "slot_probability",
    "squared_differences",
    "switching",
    "transfer",
    "unseen_variance",
]
