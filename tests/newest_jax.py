"""What JAX takes part in: modules that import it, and what traces and compiles through it."""

import re

IMPORT = re.compile(r"^\s*(?:import|from) (?:jax|equinox|optax)\b", re.MULTILINE)


def imports_jax(path):
    """Whether a module imports JAX or what stands on it, at its head or in a function."""
    return IMPORT.search(path.read_text(encoding="utf-8")) is not None
