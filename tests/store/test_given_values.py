"""What a program gets for a value that makes no sense, and what the library leaves alone: its stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

import strandline
from builders.pictures import make_picture
from builders.python_process import run_python
from strandline import ImageFileReport, LocalStore, Query, UnavailableError, http_status_of, open_store
from strandline.errors import (
    DiskError,
    InvalidInputError,
    SourceNotFoundError,
    StorageDirNotFoundError,
    StrandlineError,
)
from strandline.model.image_files import ImageFile
from strandline.web.problems import answer_error

ONE, TWO = make_picture("png", seed=1), make_picture("png", seed=2)


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """With a folder by id, and a vault that has a note in a folder."""
    (tmp_path / "Ids").mkdir()
    (tmp_path / "Vault/Trips").mkdir(parents=True)
    (tmp_path / "Vault/Trips/Lisbon.md").write_text("# Lisbon")
    with open_store(home) as store:
        store.add_storage_dir(tmp_path / "Ids", layout="ids")
        store.add_storage_dir(tmp_path / "Vault", layout="named")
        yield store


@pytest.mark.parametrize("given", [5, None, b"0" * 32, Path("x")])
@pytest.mark.parametrize("method", ["get", "find", "exists", "look_up", "explain", "info", "get_as_is"])
def test_an_id_that_is_no_text_is_a_mistake_in_the_program(
    store: LocalStore, method: str, given: Any
) -> None:
    """And the message says what an id is."""
    with pytest.raises(TypeError, match=r"an image id is text .*, not "):
        getattr(store, method)(given)


@pytest.mark.parametrize("given", ["Ids", b"Ids", Path("Ids")])
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("import_images", {"sources": ..., "sd": "Ids"}),
        ("save_several", {"images": ..., "sd": "Ids"}),
        ("plan_delete", {"image_ids": ...}),
        ("plan_delete", {"image_ids": (), "sds": ...}),
        ("plan_delete", {"image_ids": (), "files": ...}),
        ("plan_copy", {"image_ids": ..., "to": "Ids"}),
        ("plan_copy", {"files": ..., "to": "Ids"}),
        ("plan_move", {"image_ids": ..., "to": "Ids"}),
        ("plan_move", {"files": ..., "to": "Ids"}),
        ("plan_export", {"image_ids": ...}),
        ("count_elsewhere", {"image_ids": ..., "sd": "Ids"}),
        ("count_files_of", {"sds": ...}),
        ("refresh_storage_dirs", {"sds": ...}),
        ("list_duplicates", {"sds": ...}),
        ("plan_fold", {"sds": ...}),
        ("find_unused", {"sds": ...}),
        ("collect", {"sds": ...}),
        ("verify", {"sds": ...}),
        ("list_wanted", {"sds": ...}),
        ("list_not_yet_missing", {"sds": ...}),
        ("rescue", {"folders": ...}),
        ("list_conflicts", {"sds": ...}),
        ("resolve_conflicts", {"given": ...}),
        ("tokens.create", {"sds": ...}),
        ("trash.restore", {"image_ids": ...}),
        ("trash.restore_entries", {"trash_ids": ...}),
    ],
)
def test_one_text_is_not_several(
    store: LocalStore, method: str, arguments: dict[str, Any], given: Any
) -> None:
    """Otherwise each of its letters would be taken for an id, a name, or a path."""
    with pytest.raises(TypeError, match=r"as a list or another iterable, not one \w+$"):
        attrgetter(method)(store)(
            **{name: given if each is ... else each for name, each in arguments.items()}
        )


def test_a_storage_directory_may_be_given_by_its_name(store: LocalStore) -> None:
    """To every method that takes one, also to those of what a store hands out."""
    sd = store.get_storage_dir("Vault")
    assert store.tokens.create("write", sds=["Vault"]).known.names == ("Vault",)
    with pytest.raises(StorageDirNotFoundError):
        store.tokens.create("write", sds=["Valut"])
    assert store.refresh_storage_dirs(["Vault"]) == [sd]
    assert store.count_files_of(["Vault", sd.path]) == store.count_files_of([sd, sd])
    assert store.find_last_scan("Vault") == store.find_last_scan(sd) is not None
    [event] = store.journal.list_newest(sd="Vault", types=["sd.added"], limit=5)
    assert store.journal.measure_run(event, since=event.at, sd="Vault")[0] == 0
    assert store.gallery.list_subfolders("Vault", None) == []


@pytest.mark.parametrize(
    ("parts", "parameter"),
    [
        ({"month": "2026-13"}, "month"),
        ({"taken_from": "soon"}, "taken_from"),
        ({"taken_to": "2026-02-30"}, "taken_to"),
        ({"state": "gone"}, "state"),
        ({"type": "docx"}, "type"),
        ({"sort": "size"}, "sort"),
        ({"folder": "../x"}, "folder"),
    ],
)
def test_a_bad_part_of_a_query_is_named(store: LocalStore, parts: dict[str, str], parameter: str) -> None:
    """A program need not read the message to know which one it is."""
    with pytest.raises(InvalidInputError) as refused:
        store.list_images(Query(**parts))  # type: ignore[arg-type]
    assert refused.value.facts == {"parameter": parameter, "value": parts[parameter]}


@pytest.mark.parametrize("limit", [0, -1, 10_001, 1.5, "5", None, True])
def test_a_page_has_a_whole_number_of_images(store: LocalStore, limit: Any) -> None:
    """Anything else is the caller's mistake, not one of the catalog."""
    for ask in (store.list_images, store.events, partial(store.list_tree, "Ids")):
        with pytest.raises(InvalidInputError, match="a page has 1 to 10,000") as refused:
            ask(limit=limit)
        assert refused.value.facts == {"parameter": "limit", "value": limit}


@pytest.mark.parametrize("place", [(-1, 5), (0, -5), (0.5, 1)])
def test_a_piece_begins_in_the_image(store: LocalStore, place: tuple[int, int]) -> None:
    """A negative number would count from its end, or be an error of the disk."""
    with (
        store.get(store.save(ONE, sd="Ids").image_id) as found,
        pytest.raises(InvalidInputError, match="is a number of bytes, not"),
    ):
        found.read_piece(*place)


@pytest.mark.parametrize("given", ["a\0b", "a\ud800"])
def test_a_text_that_is_no_path_is_refused(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Each error is one of ours, and says which text it is about."""
    monkeypatch.chdir(tmp_path)
    plan = store.plan_export([store.save(ONE, sd="Ids").image_id])
    calls: list[Callable[[], object]] = [
        lambda: store.find_by_name(f"{given}.png"),
        lambda: store.find_by_name("x.png", note=f"{tmp_path}/Vault/{given}.md"),
        lambda: store.export_images(plan, given),
        lambda: store.export_images(plan, f"{given}.zip", dry_run=True),
        lambda: store.provide([], given),
        lambda: store.rescue([given]),
        lambda: store.heal(store.verify(), [given]),
        lambda: store.save(TWO, sd="Vault", note=given),
        lambda: store.complete_image_id(given),
        lambda: store.trash.get_entry(given),
        lambda: open_store(given),
        lambda: open_store(environ={"STRANDLINE_HOME": given}),
    ]
    for call in calls:
        with pytest.raises(StrandlineError) as refused:
            call()
        assert "a" in refused.value.message
    assert [each.error.code for each in store.import_images([given], sd="Ids").refused] == ["invalid-path"]
    with pytest.raises(DiskError):
        store.export_images(plan, "x" * 300 + ".zip")


def test_what_is_kept_of_two_versions_is_a_choice(store: LocalStore) -> None:
    """The message lists them."""
    with pytest.raises(InvalidInputError, match="'none' is not a choice; give file, copy, both"):
        store.choose_version("Vault", "x.png", "none")


def test_a_token_expires_at_a_time_with_its_zone(store: LocalStore) -> None:
    """Otherwise nobody knows when."""
    with pytest.raises(InvalidInputError, match="needs a time zone"):
        store.tokens.create(expires_at=datetime(2099, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidInputError, match="expired already"):
        store.tokens.create(expires_at=datetime(2001, 1, 1, tzinfo=UTC))


def test_counts_have_a_json_form(store: LocalStore) -> None:
    """As every other answer has."""
    store.save(ONE, sd="Ids")
    assert store.count_files("Ids").to_json() == {
        "images": 1, "checked": 1, "unchecked": 0, "arriving": 0, "missing": 0, "noteworthy": 0, "states": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    "source", ["https://example.org/a.png", Path("https://example.org/a.png"), "FILE:///a.png"]
)
def test_an_address_is_not_fetched(store: LocalStore, source: str | Path) -> None:
    """The message says so, instead of looking for a folder called ``https:``."""
    with pytest.raises(SourceNotFoundError, match=r"^\w+://.*a.png is an address, and a save fetches none"):
        store.save(source, sd="Ids")


def test_a_path_may_look_like_an_address(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the file is there, it is saved."""
    (tmp_path / "http:").mkdir()
    (tmp_path / "http:/a.png").write_bytes(ONE)
    monkeypatch.chdir(tmp_path)
    assert store.save("http://a.png", sd="Ids").new


def test_the_journal_begins_at_zero(store: LocalStore) -> None:
    """A negative number is no place in it."""
    with pytest.raises(InvalidInputError, match="not -1"):
        store.watch(since=-1)
    with pytest.raises(InvalidInputError, match="not -1"):
        store.events(since=-1)


def test_the_best_file_is_what_the_page_of_the_library_says(store: LocalStore) -> None:
    """The catalog's row of the first of the files."""
    info = store.info(store.save(ONE, sd="Ids").image_id)
    assert isinstance(info.best, ImageFile)
    assert isinstance(info.files[0], ImageFileReport)
    assert info.best is info.files[0].file


def test_an_image_that_is_here_has_markdown(store: LocalStore, tmp_path: Path) -> None:
    """The same as when it was saved. Among named pictures, also for a note."""
    by_id = store.save(ONE, sd="Ids", name="a cat.png")
    assert store.format_markdown(by_id.image_id) == by_id.markdown
    named = store.save(TWO, sd="Vault", name="tram.png")
    assert store.format_markdown(named.image_id) == named.markdown
    note = tmp_path / "Vault/Trips/Lisbon.md"
    expected = store.save(TWO, sd="Vault", note=note).markdown
    assert ".." in expected
    for given in (note, "Trips/Lisbon.md"):
        assert store.format_markdown(named.image_id, note=given) == expected
    with pytest.raises(InvalidInputError, match="by id in 'media'"):
        store.format_markdown(by_id.image_id, note=note)
    store.save(ONE, sd="Vault", name="cat.png")
    chosen = store.info(by_id.image_id, Query(sd="Vault"))
    assert store.format_markdown(chosen, note=note).endswith("(../attachments/cat.png)")


def test_the_status_of_an_error_is_that_of_our_own_api() -> None:
    """For a class without a row of its own, too."""
    for error in (UnavailableError("x"), SourceNotFoundError("x"), StrandlineError("x")):
        assert http_status_of(error) == answer_error(error).status_code


WARN = """
import sys
from strandline import open_store
from strandline.services.verifying import background
background.log.warning("a picture is damaged")
if sys.argv[1:]:
    import logging
    logging.basicConfig()
    background.log.warning("another one is damaged")
"""


def test_stderr_belongs_to_the_program(home: Path) -> None:
    """A warning goes nowhere until the program sets up logging."""
    assert run_python(WARN).stderr == ""
    said = run_python(WARN, "logs").stderr
    assert said == "WARNING:strandline.services.verifying.background:another one is damaged\n"


def test_every_logger_comes_from_one_place() -> None:
    """Otherwise a module could log before the handler is there."""
    source = Path(strandline.__file__).parent
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "getLogger(" in path.read_text("utf-8")
    }
    assert found == {"logs.py", "cli/log.py"}
