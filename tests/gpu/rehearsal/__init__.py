"""A machine that looks as if it had a CUDA device, an interpreter of PTX.

What is replaced is CuPy, the functions of ``numba.cuda`` that reach a device, NVIDIA's driver library, and machine code: the
CuPy engine is handed PTX. Everything else is the code that runs on a device, the compilers included.
"""
