"""The command line. A module a command; none imports torch until its command runs.

A static check needs torch all the same: a component's ports and settings are the annotations of a Python class, so
that nothing is declared twice, and the class is an ``nn.Module``. Help, version and usage errors need none of it.
"""
