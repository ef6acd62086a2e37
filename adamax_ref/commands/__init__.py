"""The subcommands of ``adamax-ref``, one file each, found by name and imported only when used.

A file ``some_name.py`` with a click command (or group) named ``command`` is the subcommand ``some-name``. What it needs
beside click it imports inside the function.
"""
