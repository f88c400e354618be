"""The library's contract (SPEC §8a): names, signatures, what ``sd`` may be, threads, and a cheap import."""

from __future__ import annotations

import inspect
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import strandline
from builders.dialects import DIALECTS, conflict_name
from builders.pictures import make_picture
from builders.python_process import run_python
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_half, put_image
from strandline import FoundImage, ImageNotFoundError, Query, Store, open_store
from strandline.errors import (
    CatalogError,
    ImageArrivingError,
    InvalidImageIdError,
    InvalidInputError,
    StorageDirNotFoundError,
)

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)
ALIAS = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """This machine's store."""
    with open_store(home) as store:
        yield store


def test_the_walk_through_the_specification(home: Path, tmp_path: Path) -> None:
    """Line by line as it is there."""
    path = tmp_path / "notes"
    path.mkdir()
    with open_store(home=home) as store:
        added = store.add_storage_dir(path, name="Notes")
        assert (added.sd.name, added.identity.outcome) == ("Notes", "generated")
        assert added.scan is not None
        saved = store.save(PICTURE, sd=added.sd, name="holiday.png", image_id=None)
        assert (saved.image_id, saved.filename, saved.new) == (ID, NAME, True)
        assert (saved.media_type, saved.size_bytes) == ("image/png", len(PICTURE))
        found = store.get(saved.image_id, sd=None)
        assert found.path == path.resolve() / "media" / NAME
        assert (found.media_type, found.size_bytes, found.sd.name) == ("image/png", len(PICTURE), "Notes")
        assert not found.from_other_sd
        assert found.read() == PICTURE
        with found.open() as stream:
            assert stream.read() == PICTURE
        assert found.data_url().startswith("data:image/png;base64,iVBOR")
        assert store.exists(ID)
        assert store.info(ID).original_names == ("holiday.png",)
        assert store.list_images(sd=None, state=None, after=None, limit=100).total == 1
        thumbnail = store.thumbnail(ID, size=32)
        assert (thumbnail.width, thumbnail.media_type) == (32, "image/webp")
        (report,) = store.scan(sd=None, progress=None, cancel=None)
        assert report.unchanged == 1
        assert store.inspect(added.sd).to_json()["sd_id"] == added.sd.sd_id
        assert store.explain(ID).verdict == "shown"
        with store.watch(once=True) as events:
            assert [event.type for event in events if event.type.startswith("image.")] == []
        assert [event.type for event in store.events(since=0)] == ["sd.added", "image.available"]
        assert store.find("0" * 32) is None
        with pytest.raises(ImageNotFoundError) as caught:
            store.get("0" * 32)
        assert caught.value.trace.image_id == "0" * 32  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        (
            "add_storage_dir",
            "(path, name=None, *, new_identity=False, read_only=False, layout=None, shared=False, "
            "insists=False, makes=False, scan=True, prove_all=True, progress=None)",
        ),
        ("save", "(source, *, sd, name=None, image_id=None, modified_at=None, note=None)"),
        ("get", "(image_id, sd=None)"),
        ("find", "(image_id, sd=None)"),
        ("get_as_is", "(image_id, sd=None)"),
        ("exists", "(image_id, sd=None)"),
        ("look_up", "(image_id, sd=None, *, online_only=False)"),
        ("info", "(image_id, query=None)"),
        ("list_images", "(query=None, *, after=None, limit=100, sd=None, state=None)"),
        ("thumbnail", "(image_id, size=400, sd=None)"),
        ("scan", "(sd=None, progress=None, cancel=None)"),
        ("inspect", "(sd)"),
        ("format_markdown", "(image, *, note=None)"),
        ("find_by_name", "(text, *, note=None)"),
        ("explain", "(image_id)"),
        ("watch", "(*, once=False, since=None, stop=None)"),
        ("events", "(since=0, limit=1000)"),
    ],
)
def test_signatures_are_a_contract(method: str, signature: str) -> None:
    """Callers can rely on them."""
    found = inspect.signature(getattr(Store, method))
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in found.parameters.items()
        if name != "self"
    ]
    assert str(inspect.Signature(plain)) == signature


def test_everything_that_is_offered_is_there() -> None:
    """Each exported name can be imported, is in ``dir``, and is documented. No other name is."""
    for name in strandline.__all__:
        thing = getattr(strandline, name)
        assert name in dir(strandline)
        assert inspect.getdoc(thing)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        strandline.nothing  # noqa: B018
    for name, method in inspect.getmembers(Store, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.getdoc(method), name
    for name in ("path", "media_type", "size_bytes", "sd", "from_other_sd", "read", "open", "data_url"):
        assert hasattr(FoundImage, name), name


def test_an_sd_is_meant_by_many_words(store: Store, tmp_path: Path) -> None:
    """By its record, its identity in any letter case, an alias, a path in three forms, or its name."""
    root = make_storage_dir(tmp_path / "notes", PICTURE)
    (root / f"SD_ID.was-{ALIAS}").write_text(f"{ALIAS}\n")
    sd = store.add_storage_dir(root, "Notes").sd
    assert sd.sd_id is not None
    for ref in (sd, sd.sd_id, sd.sd_id.upper(), ALIAS, root, str(root), f"{root}/", "Notes", "notes"):
        assert store.get_storage_dir(ref).number == sd.number
        assert store.get(ID, ref).sd.number == sd.number
        assert store.save(PICTURE, sd=ref).new is False
    for nobody in ("", "nobody", "../x", "a\0b", "0" * 1000):
        with pytest.raises(StorageDirNotFoundError, match="known are: 'Notes'"):
            store.get(ID, nobody)


def test_an_image_is_meant_by_its_id_in_any_letter_case(store: Store, tmp_path: Path) -> None:
    """And by nothing else."""
    store.add_storage_dir(make_storage_dir(tmp_path / "one", PICTURE))
    assert store.get(ID.upper()).image_id == ID
    for text in ("", ID[:-1], f"{ID}.png", f" {ID}", f"../{ID}"):
        with pytest.raises(InvalidImageIdError):
            store.get(text)


def test_an_image_that_the_catalog_does_not_know_is_discovered_by_every_question(
    store: Store, tmp_path: Path
) -> None:
    """exists, info, and look_up register it unproven. get proves it."""
    root = make_storage_dir(tmp_path / "one")
    store.add_storage_dir(root)
    (root / "media" / NAME).write_bytes(PICTURE)
    presence = store.look_up(ID)
    assert (presence.exists, presence.state, presence.proven) == (True, "present", False)
    (file,) = store.info(ID).files
    assert not file.file.is_proven
    store.get(ID)
    assert store.look_up(ID).proven


def test_an_image_that_is_back_exists_again(store: Store, tmp_path: Path) -> None:
    """The catalog had given it up, but a file that is there counts."""
    root = make_storage_dir(tmp_path / "one", PICTURE)
    sd = store.add_storage_dir(root).sd
    (root / "media" / NAME).unlink()
    store.scan()
    assert not store.exists(ID)
    store.accept_missing(sd)
    (root / "media" / NAME).write_bytes(PICTURE)
    assert store.exists(ID)
    assert store.info(ID).best.state == "present"


def test_half_an_image_does_not_exist_yet(store: Store, tmp_path: Path) -> None:
    """Its bytes can still be read as they are."""
    root = make_storage_dir(tmp_path / "one")
    put_half(root, PICTURE)
    store.add_storage_dir(root)
    with pytest.raises(ImageArrivingError):
        store.get(ID)
    assert not store.exists(ID)
    assert PICTURE.startswith(store.get_as_is(ID).read())
    with pytest.raises(ImageNotFoundError):
        store.get_as_is("0" * 32)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"limit": 0}, "1 to 10,000"),
        ({"limit": 10_001}, "1 to 10,000"),
        ({"state": "gone"}, "the states are"),
        ({"query": Query(), "state": "missing"}, "not both"),
    ],
)
def test_a_page_that_makes_no_sense_is_refused(
    store: Store, arguments: dict[str, object], words: str
) -> None:
    """With the reason."""
    with pytest.raises(InvalidInputError, match=words):
        store.list_images(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "the data is empty; there is nothing to save"),
        (io.BytesIO(b"text"), "the data is not an image of a supported type"),
        (Path(__file__).parent, f"{Path(__file__).parent} is a folder; give the path of a file in it"),
    ],
)
def test_messages_speak_of_what_was_given(
    store: Store, tmp_path: Path, source: bytes | io.BytesIO | Path, words: str
) -> None:
    """Not of options of the command line."""
    sd = store.add_storage_dir(make_storage_dir(tmp_path / "sd")).sd
    with pytest.raises(InvalidInputError) as caught:
        store.save(source, sd=sd)
    assert caught.value.message.startswith(words)


def test_a_cancelled_scan_leaves_the_rest(store: Store, tmp_path: Path) -> None:
    """Storage directories whose turn has not come are not scanned."""
    for name in ("one", "two"):
        store.add_storage_dir(make_storage_dir(tmp_path / name, PICTURE))
    cancel = threading.Event()
    cancel.set()
    assert store.scan(cancel=cancel) == []


def test_threads_share_a_store(store: Store, tmp_path: Path) -> None:
    """Six threads save, read, list, explain, scan, and ask at once: no error, and every byte is right."""
    pictures = make_pictures(8)
    for name in ("one", "two"):
        store.add_storage_dir(make_storage_dir(tmp_path / name, *pictures[:2]))
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait()
        for turn in range(15):
            data = pictures[(number + turn) % len(pictures)]
            saved = store.save(io.BytesIO(data), sd=("one", "two")[turn % 2])
            assert store.get(saved.image_id).read() == data
            assert store.exists(saved.image_id)
            assert store.info(saved.image_id).best.image_id == saved.image_id
            assert store.explain(saved.image_id).verdict == "shown"
            if turn % 5 == number % 5:
                store.scan()
                store.list_images()
                store.events()

    with ThreadPoolExecutor(6) as pool:
        for task in [pool.submit(work, number) for number in range(6)]:
            task.result()
    available = [event.to_json() for event in store.events() if event.type == "image.available"]
    keys = [(event["sd_id"], event["filename"]) for event in available]
    assert len(keys) == len(set(keys))
    assert store.list_images().total == len(pictures)


def put_what_clients_leave(root: Path, half: bytes) -> None:
    """Half an image, other versions of images and identity in every dialect, temporaries, and litter."""
    put_half(root, half)
    put_image(root, half, conflict_name(name_of(half), "resilio"))
    for dialect in DIALECTS:
        put_image(root, make_picture("png", seed=2), conflict_name(NAME, dialect))
        (root / conflict_name("SD_ID", dialect)).write_text(ALIAS)
    for name in (f".syncthing.{NAME}.tmp", f".~{'0' * 32}.tmp", f"{NAME}.rsls", ".DS_Store", "holiday.png"):
        put_image(root, b"x", name)


def test_what_others_made_is_never_deleted_renamed_or_changed(store: Store, tmp_path: Path) -> None:
    """Especially conflict copies: some clients delete the real file elsewhere if its copy is deleted (hazard H40)."""
    root = make_storage_dir(tmp_path / "notes", PICTURE)
    half, arrived, saved = make_picture("jpg", seed=5), *make_pictures(2, first_seed=50)
    put_what_clients_leave(root, half)
    before = snapshot(root)
    sd = store.add_storage_dir(root).sd
    with store.watch() as events:
        put_image(root, arrived)
        assert any(event.type == "image.available" and name_of(arrived) in str(event) for event in events)
    for _ in range(2):
        store.scan()
        store.inspect(sd)
        for data in (PICTURE, half):
            assert store.get(id_of(data)).read() == data
            store.thumbnail(id_of(data))
            store.explain(id_of(data))
        store.save(saved, sd=sd)
        store.save(PICTURE, sd=sd)
        store.confirm_storage_dir(sd)
        store.accept_missing(sd)
    store.forget_storage_dir(sd)
    after = snapshot(root)
    assert after.keys() - before.keys() == {
        f"SD_ID.was-{ALIAS}", f"media/{name_of(arrived)}", f"media/{name_of(saved)}",
    }  # fmt: skip
    assert {path for path in before if after.get(path) != before[path]} == {".", "media"}


def test_a_closed_store_says_so(home: Path) -> None:
    """This holds for every call. Closing again is harmless."""
    store = open_store(home)
    store.close()
    store.close()
    with pytest.raises(CatalogError, match="the store is closed"):
        store.get("0" * 32)


UNWANTED_AT_IMPORT = {"sqlite3", "pathlib", "logging", "inspect", "dataclasses", "asyncio", "ctypes", "json"}
UNWANTED_AT_OPENING = {
    "PIL",
    "pyvips",
    "pi_heif",
    "click",
    "rich",
    "asyncio",
    "logging",
    "subprocess",
    "email",
}


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import strandline", UNWANTED_AT_IMPORT),
        ("from strandline import open_store; open_store(sys.argv[1])", UNWANTED_AT_OPENING),
    ],
    ids=["import", "open"],
)
def test_importing_costs_next_to_nothing(home: Path, start: str, unwanted: set[str]) -> None:
    """Under 30 ms: only the package itself is loaded; expensive modules are loaded when needed."""
    code = f"import sys; before = set(sys.modules); {start}; print(*sorted(set(sys.modules) - before))"
    run = run_python(code, home)
    loaded = set(run.stdout.split())
    assert "strandline" in loaded
    assert loaded & unwanted == set()
    if start == "import strandline":
        assert {name for name in loaded if name.startswith("strandline")} == {"strandline"}
