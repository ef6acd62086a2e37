"""Permitted orders of operations: every recipe that computes the same function as a dialect."""
