"""Images as pages: distinct, newest first, each exactly once over all pages, whatever the cursor contains."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.catalogs import fill
from builders.image_rows import NOW
from strandline.catalog.image_months import find_start
from strandline.catalog.images import format_cursor, parse_cursor
from strandline.catalog.port import Catalog
from strandline.errors import InvalidCursorError
from strandline.model.image_files import FileStamp, FileState, ImageCursor, ImageFile, ImageFilter, Sort
from strandline.model.image_ids import ImageId
from strandline.model.states import Seen, register_listed

TIMES = [NOW, NOW - timedelta(days=40), NOW - timedelta(days=20_000)]
IMAGES = [ImageId(f"{number:032x}") for number in range(4)]


@st.composite
def files(draw: st.DrawFn) -> list[ImageFile]:
    """Some files of a few images, in two storage directories, with few different times."""
    folders = st.sampled_from(["media", "media/a", "media.old"])
    keys = st.tuples(
        st.sampled_from(IMAGES), folders, st.sampled_from(["png", "jpg"]), st.sampled_from([1, 2])
    )
    drawn = []
    for image_id, folder, extension, sd in draw(st.lists(keys, unique=True, max_size=12)):
        stamp = FileStamp(1, draw(st.integers(0, 3)) * 1000, 1)
        row = register_listed(sd, f"{folder}/{image_id}.{extension}", image_id, "image/png", Seen(stamp), NOW)
        state = draw(st.sampled_from([FileState.PRESENT, FileState.ARRIVING, FileState.TRASHED]))
        taken_at = draw(st.none() | st.sampled_from(TIMES))
        first_seen = NOW + timedelta(seconds=draw(st.integers(0, 2)))
        drawn.append(replace(row, state=state, taken_at=taken_at, first_seen=first_seen))
    return drawn


def place(row: ImageFile) -> tuple[float, int, str]:
    """The file's sort key: when it was taken, otherwise its mtime, or if it has none, when it was first seen."""
    assert row.stamp is not None
    untaken_s = row.stamp.mtime_ns / 1e9 if row.stamp.mtime_ns else row.first_seen.timestamp()
    at_s = untaken_s if row.taken_at is None else row.taken_at.timestamp()
    return at_s, row.sd, row.path


def matches(row: ImageFile, chosen: ImageFilter) -> bool:
    """Whether the file counts."""
    in_state = row.state is not FileState.TRASHED if chosen.state is None else row.state is chosen.state
    at_s = place(row)[0]
    is_in_time = (chosen.since is None or at_s >= chosen.since.timestamp()) and (
        chosen.until is None or at_s < chosen.until.timestamp()
    )
    is_in_folder = chosen.folder is None or row.path.startswith(f"{chosen.folder}/")
    return in_state and is_in_time and is_in_folder and chosen.sd in (None, row.sd)


plain = st.builds(ImageFilter, sd=st.sampled_from([None, 1, 2]), reverse=st.booleans())
"""Those that PostgreSQL counts."""
filters = plain | st.builds(
    ImageFilter,
    sd=st.sampled_from([None, 1, 2]),
    state=st.sampled_from([None, FileState.PRESENT, FileState.ARRIVING, FileState.TRASHED]),
    since=st.none() | st.sampled_from(TIMES),
    until=st.none() | st.sampled_from(TIMES),
    folder=st.sampled_from([None, "media", "media/a", "a"]),
    sort=st.sampled_from(Sort),
    reverse=st.booleans(),
)


def time_of(row: ImageFile, chosen: ImageFilter) -> float:
    """By what the listing is sorted, in seconds."""
    return place(row)[0] if chosen.sort is Sort.TAKEN else row.first_seen.timestamp()


def listed(some: list[ImageFile], chosen: ImageFilter) -> list[ImageFile]:
    """The files that decide the places of the matching images, in the order of the listing."""

    def key(row: ImageFile) -> tuple[float, int, str]:
        return time_of(row, chosen), row.sd, row.path

    ordered = sorted((row for row in some if matches(row, chosen)), key=key)
    last_wins = ordered if chosen.sort is Sort.TAKEN else reversed(ordered)
    return sorted({row.image_id: row for row in last_wins}.values(), key=key, reverse=not chosen.reverse)


@given(files(), filters, st.integers(1, 4))
def test_pages_hold_each_image_once_in_order(
    shared_catalog: Catalog, some: list[ImageFile], chosen: ImageFilter, limit: int
) -> None:
    """All pages together equal a plain sort of all files with each image at its newest, or at its first."""
    fill(shared_catalog, some)
    expected = [row.image_id for row in listed(some, chosen)]
    found: list[ImageId] = []
    after: ImageCursor | None = None
    with shared_catalog.read() as reader:
        assert reader.images.count_images(chosen) == len(expected)
        assert reader.images.count_files(chosen) == sum(matches(row, chosen) for row in some)
        while True:
            page, after = reader.images.list_image_ids(chosen, after=after, limit=limit)
            found += page
            if after is None:
                break
            assert len(page) == limit
            after = parse_cursor(format_cursor(after, chosen), chosen)
    assert found == expected


@given(files(), filters)
def test_an_image_is_found_in_the_listing(
    shared_catalog: Catalog, some: list[ImageFile], chosen: ImageFilter
) -> None:
    """At the file that decides its place. One that does not match has none."""
    fill(shared_catalog, some)
    rows = {row.image_id: row for row in listed(some, chosen)}
    with shared_catalog.read() as reader:
        for image_id in IMAGES:
            found = reader.images.find_place(chosen, image_id)
            row = rows.get(image_id)
            assert (found and (found.sd, found.path)) == (row and (row.sd, row.path))


@given(files(), filters, st.integers(1, 4))
def test_the_places_are_those_of_the_listing(
    shared_catalog: Catalog, some: list[ImageFile], chosen: ImageFilter, every: int
) -> None:
    """Months and places equal those that a count over the listing gives, however images are distributed."""
    fill(shared_catalog, some)
    rows = listed(some, chosen)
    with shared_catalog.read() as reader:
        found = reader.images.list_places(chosen, every=every)
        months = [datetime.fromtimestamp(time_of(row, chosen), UTC).strftime("%Y-%m") for row in rows]
        assert found.months == tuple((month, months.count(month)) for month in dict.fromkeys(months))
        if found.cursors is not None:
            assert [(each.sd, each.path) for each in found.cursors] == [
                (row.sd, row.path) for row in rows[every - 1 :: every]
            ]
            return
        for month, number in found.months:
            own = [row for row, each in zip(rows, months, strict=True) if each == month]
            marks = reader.images.list_marks(chosen, month, every=every)
            assert [(each.sd, each.path) for each in marks] == [
                (row.sd, row.path) for row in own[every - 1 :: every]
            ]
            start = find_start(month, reverse=chosen.reverse)
            page, _ = reader.images.list_image_ids(chosen, after=start, limit=number)
            assert page == [row.image_id for row in own]


NAMES = {
    IMAGES[0]: ["Küche.JPG", "Ausblick 100%.png"],
    IMAGES[1]: ["Ku\u0308che im Regen.jpg"],
    IMAGES[2]: ["KÜCHE_2.jpg"],
    IMAGES[3]: ["Zürich See.jpg", "straße.png"],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("küche", [0, 1, 2]), ("KÜCHE", [0, 1, 2]), ("kuche", [0, 1, 2]), ("Ku\u0308che", [0, 1, 2]),
        ("zürich see", [3]), ("SEE ZURICH", [3]), ("rEgEn küche", [1]), ("küche ausblick", []), ("STRASSE", [3]),
        ("100%", [0]), ("%", [0]), ("_", [2]), ("\\", []), ("'", []), ("png", [0, 3]), ("0" * 31, [0, 1, 2, 3]),
        ("0" * 31 + "2", [2]), (IMAGES[2].upper(), [2]), ("2 " + "0" * 31, []), ("\u0301", [0, 1, 2, 3]),
        ("\udcff", []), (" ".join(map(str, range(100))), []),
    ],
)  # fmt: skip
def test_a_search_finds_names_however_they_are_spelled(catalog: Catalog, text: str, found: list[int]) -> None:
    """All words in one name, in any order, without case, accents, and Unicode forms; or the beginning of an id."""
    fill(
        catalog,
        [register_listed(1, f"media/{i}.png", i, "image/png", Seen(FileStamp(1, 1, 1)), NOW) for i in IMAGES],
    )
    with catalog.write() as writer:
        for image_id, names in NAMES.items():
            for name in names:
                writer.origins.add_origin(image_id, name, "/x", NOW)
    chosen = ImageFilter(text=text)
    with catalog.read() as reader:
        ids, _ = reader.images.list_image_ids(chosen, after=None, limit=10)
        assert sorted(ids) == [IMAGES[at] for at in found]
        assert reader.images.count_images(chosen) == len(found)
        assert sum(count for _, count in reader.images.list_places(chosen, every=1).months) == len(found)


def test_images_that_arrive_while_one_pages_shift_nothing(catalog: Catalog) -> None:
    """The next page starts after the last image, not after a number of images."""
    some = [
        register_listed(1, f"media/{i}.png", i, "image/png", Seen(FileStamp(1, 10**9 * (n + 1), 1)), NOW)
        for n, i in enumerate(IMAGES)
    ]
    fill(catalog, some[:3])
    with catalog.read() as reader:
        page, after = reader.images.list_image_ids(ImageFilter(), after=None, limit=2)
        assert page == [IMAGES[2], IMAGES[1]]
        with catalog.write() as writer:
            writer.files.insert_row(some[3])
        assert reader.images.list_image_ids(ImageFilter(), after=after, limit=2) == ([IMAGES[0]], None)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sort", Sort)
def test_changes_between_pages_neither_repeat_nor_skip(catalog: Catalog, sort: Sort, reverse: bool) -> None:
    """In each order: what is there all the time is listed once, whatever comes and goes at both ends."""
    ids = [ImageId(f"{number:032x}") for number in range(12)]
    rows = [
        replace(
            register_listed(1, f"media/{i}.png", i, "image/png", Seen(FileStamp(1, 10**9 * (n + 1), 1)), NOW),
            first_seen=NOW + timedelta(seconds=n),
        )
        for n, i in enumerate(ids)
    ]
    first, *steady, last = rows
    fill(catalog, steady)
    chosen = ImageFilter(sort=sort, reverse=reverse)
    found: list[ImageId] = []
    after: ImageCursor | None = None
    for page_number in range(10):
        with catalog.read() as reader:
            page, after = reader.images.list_image_ids(chosen, after=after, limit=3)
        found += page
        if after is None:
            break
        with catalog.write() as writer:
            for row in (first, last):
                changed = writer.files.delete_row(row) if page_number % 2 else writer.files.insert_row(row)
                assert changed
    expected = [row.image_id for row in (steady if reverse else reversed(steady))]
    assert [image_id for image_id in found if image_id not in (first.image_id, last.image_id)] == expected
    assert len(found) == len(set(found))


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**31), st.sampled_from(IMAGES), filters, filters)
def test_a_cursor_survives_as_text(
    at_us: int, sd: int, image_id: ImageId, chosen: ImageFilter, other: ImageFilter
) -> None:
    """It needs no escaping in a URL or a shell. In a listing of another order it means nothing."""
    cursor = ImageCursor(at_us, sd, f"media/{image_id}.heic")
    text = format_cursor(cursor, chosen)
    assert parse_cursor(text, chosen) == cursor
    if (other.sort, other.reverse) != (chosen.sort, chosen.reverse):
        with pytest.raises(InvalidCursorError):
            parse_cursor(text, other)
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


def encoded(value: object) -> str:
    """The value in the form of a cursor."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "ü", "====", "\0", "a" * 10_000, encoded([]), encoded([1, 2]), encoded([1, 2, 3]),
        encoded([1, 2, "x", "taken"]), encoded([1, 2, "x", None]),
        encoded(["1", 2, "x"]), encoded([True, 1, "x"]), encoded([1.0, 1, "x"]), encoded({"a": 1, "b": 2, "c": 3}),
        encoded([2**63, 1, "x"]), encoded([1, 10**30, "x"]), encoded([1, 1, "\udcff"]), encoded([1, 1, "ü"]),
        encoded("abc"), base64.urlsafe_b64encode(b"[" * 140).decode(), encoded([1, 1, None]), encoded(None),
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_invalid_input(text: str) -> None:
    """Cursors come from outside. Whatever they contain, there is one clear error."""
    with pytest.raises(InvalidCursorError):
        parse_cursor(text, ImageFilter())


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_makes_the_parser_fail_in_another_way(shared_catalog: Catalog, text: str) -> None:
    """Any text is either a usable cursor or an InvalidCursorError."""
    try:
        cursor = parse_cursor(text, ImageFilter())
    except InvalidCursorError:
        return
    with shared_catalog.read() as reader:
        reader.images.list_image_ids(ImageFilter(), after=cursor, limit=1)
