"""The thing people use: parameters, groups, hooks, schedules, state dicts, and the step itself.

Everything in here is about *which* numbers meet and what is remembered; the arithmetic is a recipe of a dialect, run
by a backend.
"""
