"""Judging an Adamax from a test suite: one assertion for all cases, or a test for each of them.

With pytest the fixture ``adamax_case`` is there as soon as this package is installed; see ``docs/testing.md``.
"""

from .assertion import assert_conforms as assert_conforms
from .engine import check_engine as check_engine
from .golden_case import GoldenCase as GoldenCase
from .golden_case import golden_cases as golden_cases
