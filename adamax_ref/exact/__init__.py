"""What the right answer is, and how far from it a right program may land.

Adamax is made of ``+ - * / |.| max`` and one integer power, so the true answer of a step is a rational number. The
files of this room evaluate it (:mod:`~adamax_ref.exact.exact`, :mod:`~adamax_ref.exact.certify`), round it
(:mod:`~adamax_ref.exact.rounding`), bound what any permitted order of operations may do to it
(:mod:`~adamax_ref.exact.bounds`), compare numbers (:mod:`~adamax_ref.exact.compare`) and predict the bits of one
recipe with integers (:mod:`~adamax_ref.exact.stepper`). The law is always the traced one of
:mod:`adamax_ref.dialects`: there is no second formula here.
"""
