"""What every room needs.

arguments  what bad input gets: an error that names the argument, what it got and what it takes
scaling    powers of two that bring data near 1
values     what is found out about a value before any check, and how a message shows it
memory     how much fits: what cannot is refused before the work
precision  double precision where it is needed, whatever JAX is set to
"""
