"""What shift invariance costs: margins of invariant classifiers and of infinitely wide networks."""

from shiftmath import kernels as kernels
from shiftmath.constructions import dot_on_gray as dot_on_gray
from shiftmath.constructions import orthogonal_frequencies as orthogonal_frequencies
from shiftmath.constructions import orthogonal_vectors as orthogonal_vectors
from shiftmath.dft import dc as dc
from shiftmath.interpolant import Indistinguishable as Indistinguishable
from shiftmath.interpolant import Interpolant as Interpolant
from shiftmath.ledger import Ledger as Ledger
from shiftmath.margins import NotCertified as NotCertified
from shiftmath.margins import NotSeparable as NotSeparable
from shiftmath.margins import Separator as Separator
from shiftmath.margins import invariant_margin as invariant_margin
from shiftmath.margins import max_margin as max_margin
