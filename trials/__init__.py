"""Trials: long checks, run by hand before a release; ``make trials`` runs them all.

They run for hours what CI runs for minutes, and everything that needs a mount or root. The results are in
docs/reliability.md. Trials use the builders of the tests, which is why the line below makes those importable.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]

if str(PROJECT / "tests") not in sys.path:
    sys.path.insert(0, str(PROJECT / "tests"))
