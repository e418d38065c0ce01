"""The JAX engine: JAX arrays in, JAX arrays out, differentiable.

convolutional  Gram matrices of convolutional kernels
slices         the walk of slices through all layers
boxes          circular sums over windows
images         images in units of their own, and of a pair
dense          of fully connected ones, and the dense layers after a readout
maps           what one activation does to the covariances
"""
