"""Networks of finite width, as equinox modules.

architectures  fully connected, convolutional and residual networks
parts          what these are put together from
layers         what they are made of
downsampling   strides, pools, blurs, APS, LPS, TIPS: a room of its own
sizes          what fits the signal and the memory
correlation    circular correlation, directly or through the FFT
arrays         signals, targets and parameters as arrays
losses         what training decreases
training       training with optax, one network or many seeds at once
schedules      learning rates that change
tangent        empirical tangent kernels, and gradient descent on the squared loss
"""

from shiftmath._shared.precision import precision
from shiftmath.networks.architectures import convolutional, fully_connected, residual
from shiftmath.networks.layers import (
    BatchNorm,
    Convolution,
    Dense,
    Network,
    Residual,
    logits,
)
from shiftmath.networks.schedules import staircase
from shiftmath.networks.tangent import empirical_ntk, layer_kernels, train, train_to_rest
from shiftmath.networks.training import fit, fit_many, member

__all__ = [
    "BatchNorm",
    "Convolution",
    "Dense",
    "Network",
    "Residual",
    "convolutional",
    "empirical_ntk",
    "fit",
    "fit_many",
    "fully_connected",
    "layer_kernels",
    "logits",
    "member",
    "precision",
    "residual",
    "staircase",
    "train",
    "train_to_rest",
]
