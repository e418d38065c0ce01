"""The compiled CPU engine: NumPy arrays in, NumPy arrays out.

convolutional  Gram matrices of convolutional kernels
dense          of fully connected ones, and the dense layers after a readout
slices         one pair of images and one shift: all layers, pixel by pixel
boxes          circular box sums, the filters
lanes          images interleaved, so that those walked together fill the lanes of vector instructions
rows           all dense layers of a few rows of a Gram matrix
maps, smooth   what one activation does to the covariances, entry by entry
back_images    gradients of weighted sums of convolutional kernels
back_dense     of fully connected ones
back_slices, back_rows, back_maps   slices, rows and maps, there and back
back_readout   what joins slices and rows
back_smooth    slices and maps of smooth activations, there and back
back_smooth_rows, back_smooth_images   gradients of sums of fully connected and convolutional kernels with these
doubled        standard deviations to twice the digits of a number
blocks         a Gram matrix block by block; scaling by powers of two
compile        how all of it is compiled
threads        independent tasks on all cores
"""
