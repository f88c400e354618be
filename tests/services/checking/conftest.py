"""A vault for each test of a check."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.vaults import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A folder below one with a sign, so that nothing above it matters."""
    root = tmp_path / "vault"
    (root / ".git").mkdir(parents=True)
    return Vault(root)
