"""Results of further papers, one module each. Nothing else in the package knows them.

wires     routers by phase and by gates, and how many wires they take
routing   circular shifts chosen by the lag between two oscillations
spiking   the same with outputs that integrate, leak and fire
positions    encodings of position that a shift turns
helices      what states know of position, and how nearly that is a helix
translation  a small language whose law no circular shift changes, and its translation
transformer  an encoder and a decoder that translate it
teaching     the training of many of them at once, and their states
"""

from shiftmath.related.helices import Distilled, Helix, distil, helix
from shiftmath.related.positions import geometric_frequencies, rotation, sinusoids
from shiftmath.related.routing import realignment_time, slot_probability, transfer
from shiftmath.related.spiking import Neuron, firing, neuron_for
from shiftmath.related.teaching import States, states_of, teach
from shiftmath.related.transformer import Translator, translator
from shiftmath.related.translation import CLASSES, class_probabilities, sentences, translate
from shiftmath.related.wires import GateRouter, PhaseRouter, gate_router, phase_router

__all__ = [
    "CLASSES",
    "Distilled",
    "GateRouter",
    "Helix",
    "Neuron",
    "PhaseRouter",
    "States",
    "Translator",
    "class_probabilities",
    "distil",
    "firing",
    "gate_router",
    "geometric_frequencies",
    "helix",
    "neuron_for",
    "phase_router",
    "realignment_time",
    "rotation",
    "sentences",
    "sinusoids",
    "slot_probability",
    "states_of",
    "teach",
    "transfer",
    "translate",
    "translator",
]
