"""Downsampling of signals in networks: what is exactly equivariant under shifts, and what is not.

polyphase  the components of a signal on the grids of a stride; one of them, or a mixture
fixed      stride, max, average, blur and max-blur; the layer that all downsamplers are
adaptive   APS: the component with the largest norm
learned    LPS: that with the largest score. TIPS: a mixture with learned weights, and its penalties
penalised  the loss that TIPS is trained with
residual   a residual block whose two branches share one choice
named      downsamplers by name, for the architectures
shifts     shifts within a window, with zeros at the border, and between the samples
measures   how equivariant a function is, over all moves and layer by layer; maximum-sampling bias
lie        how fast an output changes as its signal begins to move
"""

from shiftmath.networks.downsampling.adaptive import APS, aps, norms, winner
from shiftmath.networks.downsampling.fixed import (
    Downsampler,
    Fixed,
    average_pool,
    blur,
    blur_pool,
    dense_max,
    max_blur_pool,
    max_pool,
    subsample,
)
from shiftmath.networks.downsampling.learned import LPS, TIPS, held, one_hot_penalty, undo_loss
from shiftmath.networks.downsampling.lie import lie_derivative
from shiftmath.networks.downsampling.measures import Equivariance, equivariance, maximum_sampling_bias
from shiftmath.networks.downsampling.named import NAMES, downsampler
from shiftmath.networks.downsampling.penalised import TIPSLoss
from shiftmath.networks.downsampling.polyphase import chosen, components, mixture, phases
from shiftmath.networks.downsampling.residual import DownsamplingResidual
from shiftmath.networks.downsampling.shifts import FractionalShifts, WindowShifts

__all__ = [
    "APS",
    "LPS",
    "NAMES",
    "TIPS",
    "Downsampler",
    "DownsamplingResidual",
    "Equivariance",
    "Fixed",
    "FractionalShifts",
    "TIPSLoss",
    "WindowShifts",
    "aps",
    "average_pool",
    "blur",
    "blur_pool",
    "chosen",
    "components",
    "dense_max",
    "downsampler",
    "equivariance",
    "held",
    "lie_derivative",
    "max_blur_pool",
    "max_pool",
    "maximum_sampling_bias",
    "mixture",
    "norms",
    "one_hot_penalty",
    "phases",
    "subsample",
    "undo_loss",
    "winner",
]
