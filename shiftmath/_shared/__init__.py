"""What every room needs.

arguments   what bad input gets: an error that names the argument, what it got and what it takes
values      what is found out about a value before any check, and how a message shows it
scaling     powers of two that bring data near 1
errors      errors with attributes that can be pickled
memory      how much fits: what cannot is refused before the work
precision   double precision where it is needed, whatever JAX is set to
progress    a bar for what takes long
batches     many entries of a compiled function, some at a time
chunks      long compiled loops that can be interrupted
kept_programs  a warning where what JAX kept comes back broken
interrupts  long compiled calls that Ctrl-C ends at once
"""
