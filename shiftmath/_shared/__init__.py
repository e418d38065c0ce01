"""What every room needs.

arguments  what bad input gets: an error that names the argument, what it got and what it takes
scaling    powers of two that bring data near 1
precision  double precision where it is needed, whatever JAX is set to
"""
