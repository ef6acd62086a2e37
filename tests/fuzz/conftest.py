"""The harness is a program, which the tests start."""

collect_ignore = ["harness.py"]
