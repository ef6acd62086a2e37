"""Test vectors of Adamax: design cases, compute their expected values, and write, read and check the corpus.

A *design* is written by hand and names no dialect. A *case* is a design for one dialect and profile, with its expected
values. Everybody can generate the corpus with the same bytes. From a design to the files of a corpus:

- :mod:`~adamax_ref.golden.designs`, :mod:`~adamax_ref.golden.design`: the designs, and which vector files they make up.
- :mod:`~adamax_ref.golden.numbers`, :mod:`~adamax_ref.golden.search`: written, drawn and searched numbers.
- :mod:`~adamax_ref.golden.build`: a design becomes a case for a dialect and profile.
- :mod:`~adamax_ref.golden.oracle`, :mod:`~adamax_ref.golden.expected`: the bits, exact values and ranges of a case.
- :mod:`~adamax_ref.golden.case`, :mod:`~adamax_ref.golden.patterns`, :mod:`~adamax_ref.golden.codec`: records, numbers, JSON.
- :mod:`~adamax_ref.golden.generate`, :mod:`~adamax_ref.golden.store`: all files of a corpus, and their folder.
- :mod:`~adamax_ref.golden.corpus`, :mod:`~adamax_ref.golden.flags`, :mod:`~adamax_ref.golden.recipes`,
  :mod:`~adamax_ref.golden.flat`: the files beside the vector files.
- :mod:`~adamax_ref.golden.load`, :mod:`~adamax_ref.golden.check`: load a corpus, and check all of it.

docs/conformance.md describes the format.
"""
