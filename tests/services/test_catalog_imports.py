"""Importing: names travel from one catalog to another, and nothing that makes no sense gets in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.identities import A
from builders.pictures import make_picture
from builders.storage import make_storage_dir, open_bench
from strandline.errors import InvalidInputError
from strandline.services.exporting.export_catalog import export_catalog
from strandline.services.importing.import_catalog import import_catalog
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

ORIGIN = {
    "image_id": "673f8ca1353dae715e5def764376d6f4",
    "original_name": "Häfen.png",
    "source": "/home/ada/Häfen.png",
    "saved_at": "2026-01-02T03:04:05.000006Z",
}


def origins_of(bench: Workbench) -> list[dict[str, object]]:
    """What the catalog knows."""
    with bench.catalog.read() as reader:
        return reader.origins.list_origins()


def make_export(*origins: object) -> dict[str, object]:
    """An export with these original names."""
    return {"format": 1, "origins": list(origins), "storage_dirs": [], "trash": [], "journal": []}


def count_names(bench: Workbench, exported: object) -> tuple[int, int]:
    """Imports, and says how many names are new, and how many were known."""
    report = import_catalog(bench, exported)
    return report.added, report.known


def test_names_travel_to_another_catalog(tmp_path: Path) -> None:
    """Through JSON, exactly, once, and beside the names that are there."""
    root = make_storage_dir(tmp_path / "Notes", sd_id=A)
    holiday = tmp_path / "Strand\u0308.png"
    holiday.write_bytes(make_picture("png"))
    with open_bench(tmp_path / "one") as bench:
        save_image(bench, holiday, add_storage_dir(bench, root).sd)
        exported = json.loads(json.dumps(export_catalog(bench)))
    with open_bench(tmp_path / "two") as bench:
        assert count_names(bench, make_export(ORIGIN)) == (1, 0)
        assert count_names(bench, exported) == (1, 0)
        assert count_names(bench, exported) == (0, 1)
        assert sorted(map(str, origins_of(bench))) == sorted(map(str, [ORIGIN, *exported["origins"]]))
        with bench.catalog.read() as reader:
            assert reader.sds.list_storage_dirs() == []


@pytest.mark.parametrize(
    "exported",
    [
        None,
        [],
        "x",
        {},
        {"format": 2, "origins": []},
        {"format": 1},
        {"format": 1, "origins": {}},
        make_export(ORIGIN, None),
        *(make_export(ORIGIN, {key: ORIGIN[key] for key in ORIGIN if key != missing}) for missing in ORIGIN),
        make_export(ORIGIN, ORIGIN | {"image_id": "../../etc"}),
        make_export(ORIGIN, ORIGIN | {"original_name": ""}),
        make_export(ORIGIN, ORIGIN | {"original_name": 7}),
        make_export(ORIGIN, ORIGIN | {"source": "\udcff"}),
        make_export(ORIGIN, ORIGIN | {"saved_at": "yesterday"}),
    ],
    ids=str,
)
def test_what_is_no_export_changes_nothing(home: Path, exported: object) -> None:
    """All of it is checked before the first name is written."""
    with open_bench(home) as bench:
        with pytest.raises(InvalidInputError):
            import_catalog(bench, exported)
        assert origins_of(bench) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(ORIGIN)), JSON, max_size=2))
def test_no_document_is_a_fault(tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]) -> None:
    """Whatever an entry contains, it is imported, or refused with a reason."""
    with open_bench(tmp_path_factory.mktemp("home")) as bench:
        try:
            added = import_catalog(bench, make_export(ORIGIN | changes)).added
        except InvalidInputError:
            added = 0
        assert added == len(origins_of(bench))
