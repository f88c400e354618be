"""A named folder in which one picture has many copies: as translated documentation has."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.named_vault import put
from builders.pictures import make_picture
from builders.storage import id_of
from strandline.catalog.image_files.reader import ImageFileReader
from strandline.services.finding.describe import find_image_info
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

COPIES = 20


def test_a_first_scan_asks_no_copy_whether_it_moved(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were just listed. Otherwise a picture with a thousand copies would cost a million looks."""
    monkeypatch.setattr(ImageFileReader, "list_copies", None)
    data = make_picture("png")
    for number in range(COPIES):
        put(tmp_path / "Vault", f"{number}/x.png", data)
    add_storage_dir(bench, tmp_path / "Vault")
    info = find_image_info(bench, id_of(data))
    assert info is not None
    assert len(info.files) == COPIES
