"""Floor 0: the loggers of the library, which write nothing unless the program says where to.

Without a handler, Python writes warnings to stderr, which belongs to the program that embeds us. So the logger
``strandline`` has one that drops them. The command line replaces it by its own.
"""

from __future__ import annotations

import logging

logging.getLogger("strandline").addHandler(logging.NullHandler())


def get_logger(name: str) -> logging.Logger:
    """The logger of a module. Everything in the library gets its own here."""
    return logging.getLogger(name)
