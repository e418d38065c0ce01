"""Writes tests/kernels/kernel_reference.json: neural-tangents' Gram matrices for the shared configurations.

python tests/make_kernel_reference.py       (in an environment with neural-tangents)
"""

import json
from pathlib import Path

import jax
import kernel_cases as cases

from shiftmath.kernels import oracle

TARGET = Path(__file__).with_name("kernel_reference.json")


def entry(kernel, shape):
    """The rectangular Gram matrices, of the NTK and the NNGP, that neural-tangents returns for seeded images."""
    X, Z = cases.gaussian(1, 3, shape), cases.gaussian(2, 2, shape)
    return {
        "kernel": repr(kernel),
        "shape": shape,
        **{get: oracle.gram(kernel, X, Z, get).tolist() for get in ("ntk", "nngp")},
    }


if __name__ == "__main__":
    entries = [entry(kernel, (6,)) for kernel in cases.VECTOR_KERNELS] + [entry(*case) for case in cases.IMAGE_KERNELS]
    header = {"source": "neural-tangents 0.6.5", "jax": jax.__version__, "seeds": [1, 2]}
    TARGET.write_text(json.dumps({**header, "entries": entries}, indent=0) + "\n")
