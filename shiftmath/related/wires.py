"""The wires of two routers: by phase, with one line that all units share, and by a gate for each pair of units."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float

from shiftmath._shared.arguments import as_array, as_count, require_finite
from shiftmath._shared.memory import require_memory

__all__ = ["TURN", "GateRouter", "PhaseRouter", "gate_router", "phase_router", "require_router"]

TURN = 2 * np.pi


@dataclass(frozen=True, eq=False)
class PhaseRouter:
    """The wires of a router by phase, each an entry that is not 0, and the lags on three kinds of them, in radians.

    All are arrays (N,): of the pacemakers to the units, of the inputs to the line, of the line to the outputs, of the
    routing units to the second pacemaker.
    """

    to_inputs: Float[np.ndarray, " N"]
    to_outputs: Float[np.ndarray, " N"]
    to_line: Float[np.ndarray, " N"]
    from_line: Float[np.ndarray, " N"]
    to_pacemaker: Float[np.ndarray, " N"]
    input_lags: Float[np.ndarray, " N"]
    output_lags: Float[np.ndarray, " N"]
    routing_lags: Float[np.ndarray, " N"]

    @property
    def connections(self) -> int:
        """The number of wires."""
        wires = (self.to_inputs, self.to_outputs, self.to_line, self.from_line, self.to_pacemaker)
        return sum(int(np.count_nonzero(w)) for w in wires)


@dataclass(frozen=True, eq=False)
class GateRouter:
    """The wires of a router by gates: of inputs to outputs (N, N), and of routing units to the gates (N, N, N)."""

    wires: Float[np.ndarray, "N N"]
    gates: Float[np.ndarray, "N N N"]

    @property
    def connections(self) -> int:
        """The number of wires."""
        return int(np.count_nonzero(self.wires) + np.count_nonzero(self.gates))

    def transfer(self, shift: int) -> Float[np.ndarray, "N N"]:
        """What output j hears of input i, with one routing unit active."""
        return self.wires * self.gates[as_count("shift", shift, least=0, most=len(self.wires) - 1)]


def phase_router(n: int) -> PhaseRouter:
    """The router by phase of n inputs and n outputs: 5 n wires.

    Raises:
        ValueError, TypeError: n is no whole number from 2 on; more than the memory.

    >>> phase_router(8).connections
    40
    """
    n = as_count("n", n, least=2)
    require_memory("n", n, 8 * 8 * n, "the wires")
    lags = TURN * np.arange(n) / n
    inputs, outputs, line, heard, pacemaker = np.ones((5, n))
    return PhaseRouter(inputs, outputs, line, heard, pacemaker, lags, lags.copy(), lags.copy())


def gate_router(n: int) -> GateRouter:
    """The router by gates of n inputs and n outputs: 2 n^2 wires; routing unit s opens the gates from i to i + s.

    Raises:
        ValueError, TypeError: n is no whole number from 2 on; more than the memory.

    >>> gate_router(8).connections
    128
    >>> gate_router(4).transfer(1) @ [1, 2, 3, 4]
    array([4., 1., 2., 3.])
    """
    n = as_count("n", n, least=2)
    require_memory("n", n, 8 * n * (n + n * n), "the gates")
    i = np.arange(n)
    gates = np.zeros((n, n, n))
    gates[i[:, None], (i + i[:, None]) % n, i] = 1
    return GateRouter(np.ones((n, n)), gates)


def require_router(name: str, router: Any) -> int:
    """The number of inputs N of a router by phase, whose arrays all have this length and finite real numbers."""
    if not isinstance(router, PhaseRouter):
        raise TypeError(f"{name}: got {type(router).__name__}, takes a PhaseRouter")
    arrays = {f.name: getattr(router, f.name) for f in fields(router)}
    for kind, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}.{kind}: got {type(array).__name__}, takes a NumPy array (N,)")
        require_finite(f"{name}.{kind}", as_array(f"{name}.{kind}", array))
    shapes = {kind: array.shape for kind, array in arrays.items()}
    n = router.to_line.size
    if n < 2 or any(shape != (n,) for shape in shapes.values()):
        raise ValueError(f"{name}: got arrays of shapes {shapes}, takes one length of at least 2 for all")
    return n
