"""Odd file systems, really mounted: ``python -m pytest trials/mounts``, as root on Linux.

A test run must not need root, so these are not part of ``make test``. Debian's packages are listed in ``mounting``. A
file system that this machine cannot mount is skipped; the skip says why, and the verdict of ``make trials`` how many.
"""
