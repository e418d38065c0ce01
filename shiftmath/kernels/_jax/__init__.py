"""The JAX engine: JAX arrays in, JAX arrays out, differentiable.

convolutional  Gram matrices of convolutional kernels
dense          of fully connected ones, and the dense layers after a readout
maps           what one activation does to the covariances
"""
