"""Parts that the CUDA engines share, written without a CUDA library: arrays as addresses, the launch, faults, the audit of PTX.

Nothing in here imports CuPy, Numba or torch. An engine brings the compiler and the calls that launch a kernel.
"""
