"""Geometry of a launch: the two numbers that no derivation gives, in one place."""

THREADS = 256
"""Threads of a block. A parameter of 1000 float32 elements is 250 accesses of 16 bytes: one for nearly every thread."""

CHUNK = 16_384
"""Elements of a chunk, one block each. 16 accesses of 16 bytes a thread hide the reading of a table row; on a GPU that
holds some 1000 blocks at a time, parameters of 16M elements and more still leave no thousandth of the blocks to a
last partial wave."""
