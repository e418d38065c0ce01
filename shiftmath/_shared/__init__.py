"""What every room needs.

arguments  what bad input gets: an error that names the argument, what it got and what it takes
progress   a bar for what takes long
precision  double precision where it is needed, whatever JAX is set to
"""
