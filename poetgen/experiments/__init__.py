"""Experiments that teach: gradients checked, how far they reach, and what equal weights cannot learn."""
