"""Measurements for maintainers: kill rates, names of bugs, evidence for bounds, survey of frameworks, drift."""
