"""What every room needs.

arguments  what bad input gets: an error that names the argument, what it got and what it takes
chunks     long compiled loops that can be interrupted
precision  double precision where it is needed, whatever JAX is set to
"""
