"""The intermediate representation of a step: operations, recipes, hyperparameters and number formats.

Nothing in here knows a framework, an array library or a file. Only the standard library is imported.
"""
