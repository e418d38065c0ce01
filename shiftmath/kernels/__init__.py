"""Infinite-width kernels of fully connected and convolutional networks."""

from shiftmath.kernels.convolutional import Convolutional as Convolutional
from shiftmath.kernels.fully_connected import FullyConnected as FullyConnected
from shiftmath.kernels.group_average import GroupAverage as GroupAverage
