"""Judge an Adamax: targets answer the cases of a corpus, a judge compares, a verdict sums up.

Any implementation is a target: an engine of this package, an installed framework, and later a program in any language
or a file of answers. docs/conformance.md is the specification for outsiders.
"""
