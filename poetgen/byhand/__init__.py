"""The network in NumPy with every derivative written out: it teaches, and it writes the poems."""
