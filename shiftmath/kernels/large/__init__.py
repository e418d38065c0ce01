"""Gram matrices larger than memory, by one process or by many machines, that no fault makes lose a finished block.

gram         `gram`: the matrix in blocks, in a store
matrix       `GramMatrix`: it is read like an array
solve        `solve`: coefficients with a stated residual, without the matrix in memory
cholesky     `cholesky`: its triangular factor, block by block, in a store or in the room of the matrix
factor       `Factor`: coefficients and the determinant from it
packed       a matrix and its factor in one array
estimate     `gram_plan`: what it takes, before the work
layout       which blocks a matrix has
fingerprint  what a stored matrix is of
store        blocks, each with a marker once it is finished
lock         one driver on one store
work         what computes a block
workers      blocks on many processes or machines, by Dask
audit        a sample of entries against enclosures
enclosure    one value of a kernel in ball arithmetic
extras       packages that only this room needs
"""

from shiftmath.kernels.large.audit import Audit
from shiftmath.kernels.large.cholesky import cholesky
from shiftmath.kernels.large.estimate import GramPlan, gram_plan
from shiftmath.kernels.large.factor import Factor
from shiftmath.kernels.large.gram import gram
from shiftmath.kernels.large.matrix import GramMatrix
from shiftmath.kernels.large.solve import Solution, solve

__all__ = ["Audit", "Factor", "GramMatrix", "GramPlan", "Solution", "cholesky", "gram", "gram_plan", "solve"]
