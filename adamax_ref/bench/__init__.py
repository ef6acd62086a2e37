"""Measuring engines beside frameworks: in one process, interleaved, and never a time without a verdict on the bits."""

from .contender import Contender as Contender
from .measure import Sample as Sample
from .problem import Problem as Problem
from .record import measure as measure
