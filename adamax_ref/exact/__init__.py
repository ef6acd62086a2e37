"""Exact values of Adamax steps, and bounds of the errors that permitted recipes make.

Adamax uses ``+ - * / |.| max`` and one integer power, so the exact result of a step is a rational number.

- :mod:`~adamax_ref.exact.rounding`, :mod:`~adamax_ref.exact.interval`: correct rounding, and intervals of integers.
- :mod:`~adamax_ref.exact.constants`, :mod:`~adamax_ref.exact.values`: constants and results without rounding.
- :mod:`~adamax_ref.exact.graph`, :mod:`~adamax_ref.exact.permitted`: the permitted recipes as one graph.
- :mod:`~adamax_ref.exact.magnitude`, :mod:`~adamax_ref.exact.bounds`, :mod:`~adamax_ref.exact.step_bounds`: error analysis.
- :mod:`~adamax_ref.exact.trajectory`, :mod:`~adamax_ref.exact.certify`: exact and certified states after many steps.
- :mod:`~adamax_ref.exact.second_oracle`: the same values by another library.
- :mod:`~adamax_ref.exact.stepper`, :mod:`~adamax_ref.exact.recipe_set`: the bits of one recipe, and of many.
- :mod:`~adamax_ref.exact.hard`, :mod:`~adamax_ref.exact.trace`, :mod:`~adamax_ref.exact.compare`: built on these.

The formula always comes from :mod:`adamax_ref.dialects`; no module here writes a second one.
"""
