"""Image files in the catalog: rows are stored exactly, changes are made once, and lines agree with rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.catalogs import fill, list_rows
from builders.image_rows import CONTENT_ID, LEGACY_ID, NOW, SHA256S, proofs, rows, spans, stamps
from strandline.catalog.image_files import reader as reader_module
from strandline.catalog.port import Catalog, Reader
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof, ProofKind
from strandline.model.image_ids import ImageId
from strandline.model.states import EXPECTED, Seen, register_listed


def find(catalog: Catalog, path: str) -> ImageFile | None:
    """The row of the file in the first storage directory."""
    with catalog.read() as reader:
        return reader.files.find_row(1, path)


def image(number: int) -> ImageId:
    """A content id."""
    return ImageId(f"{number:032x}")


def present(number: int, **changes: object) -> ImageFile:
    """An unproven row."""
    stamp = FileStamp(100 + number, 10**18 + number * 1000, number)
    row = register_listed(1, f"media/{image(number)}.png", image(number), "image/png", Seen(stamp), NOW)
    return replace(row, **changes)  # type: ignore[arg-type]


def proven(row: ImageFile, sha256: str = SHA256S[0]) -> ImageFile:
    """The row with a current proof."""
    assert row.stamp is not None
    return replace(row, proof=Proof(ProofKind.HASH, sha256, row.stamp, NOW))


many_rows = st.lists(rows(), max_size=8).map(
    lambda some: [
        replace(row, path=f"media/{image(number)}.png", image_id=row.image_id)
        for number, row in enumerate(some)
    ]
)


@given(many_rows)
def test_a_row_survives_the_catalog(shared_catalog: Catalog, some: list[ImageFile]) -> None:
    """Every field in every state, including mtimes beyond SQLite's largest number."""
    fill(shared_catalog, some)
    for row in some:
        assert find(shared_catalog, row.path) == row
    with shared_catalog.read() as reader:
        assert reader.files.find_rows(1, [row.path for row in some] + ["media/x.png"]) == {
            row.path: row for row in some
        }


@given(many_rows)
def test_lines_are_those_of_the_rows_that_a_scan_should_meet(
    shared_catalog: Catalog, some: list[ImageFile]
) -> None:
    """One line per row, by name: its stamp, or that it is absent or online-only. Missing and trashed rows have
    none.
    """
    fill(shared_catalog, some)
    with shared_catalog.read() as reader:
        lines = [line for batch in reader.files.iter_lines(1, "media") for line in batch]
        assert len(lines) == reader.files.count_expected(1)
    expected = []
    for row in sorted(some, key=lambda row: row.path):
        if row.state in EXPECTED:
            stamp = "" if row.stamp is None else row.stamp.as_text()
            if row.state is FileState.ONLINE_ONLY:
                stamp = "online-only"
            expected.append(f"{row.filename}:{'absent' if row.absent_since else stamp}")
    assert lines == expected


def test_lines_come_in_batches_without_a_gap(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """This includes the end of a full batch."""
    monkeypatch.setattr(reader_module, "LINES_AT_ONCE", 4)
    for count in (0, 3, 4, 5, 8):
        fill(catalog, [present(number) for number in range(count)])
        with catalog.read() as reader:
            batches = list(reader.files.iter_lines(1, "media"))
        assert [line[:32] for batch in batches for line in batch] == [image(n) for n in range(count)]
        assert all(len(batch) <= 4 for batch in batches)


@given(st.lists(stamps, min_size=1, max_size=6), st.sampled_from([FileState.PRESENT, FileState.ARRIVING]))
def test_a_listing_registers_the_same_rows_as_one_by_one(
    shared_catalog: Catalog, some: list[FileStamp], state: FileState
) -> None:
    """The first scan's fast way gives the same rows as the slow one."""
    expected = [replace(present(number), stamp=stamp, state=state) for number, stamp in enumerate(some)]
    fill(shared_catalog, expected, listed_first=True)
    slow = everything(shared_catalog)
    fill(shared_catalog, [])
    files = [
        (row.path, row.image_id, row.media_type, stamp.as_text())
        for row, stamp in zip(expected, some, strict=True)
    ]
    with shared_catalog.write() as writer:
        count = writer.files.insert_listed(1, files, state, as_microseconds(NOW))
        assert count == len(some)
        assert writer.files.insert_listed(1, files, state, as_microseconds(NOW)) == 0
    assert everything(shared_catalog) == slow


def everything(catalog: Catalog) -> object:
    """All rows, and which of them are to be proven at once."""
    with catalog.read() as reader:
        return list_rows(reader, 1), reader.files.list_arrivals(1)


def test_a_file_that_is_known_is_not_registered_again(catalog: Catalog) -> None:
    """If two callers register it at once, the first row stays."""
    first, second = proven(present(1)), present(1, media_type="image/gif")
    with catalog.write() as writer:
        assert writer.files.insert_row(first)
        assert not writer.files.insert_row(second)
    assert find(catalog, first.path) == first


@given(rows(), rows())
@settings(max_examples=100)
@pytest.mark.slow
def test_a_move_is_made_by_one_of_two(shared_catalog: Catalog, old: ImageFile, new: ImageFile) -> None:
    """Both read the same row. The second fails, unless its change means nothing to people."""
    new = replace(new, path=old.path, image_id=old.image_id)
    fill(shared_catalog, [old])
    with shared_catalog.write() as writer:
        assert writer.files.update_row(old, new)
        assert find_in(writer, old.path) == new
        again = writer.files.update_row(old, old)

    def told(row: ImageFile) -> tuple[object, ...]:
        proof = row.proof
        return row.state, row.stamp, row.absent_since, proof and proof.stamp, proof and proof.sha256

    assert again is (told(old) == told(new))


def find_in(reader: Reader, path: str) -> ImageFile | None:
    """The row inside a transaction."""
    return reader.files.find_row(1, path)


def test_times_of_proofs_are_listed_by_path(catalog: Catalog) -> None:
    """Of present files whose proof is current and has a ctime; page by page."""
    rows = [proven(present(1, path=f"media/{number}.png")) for number in range(5)]
    rows = [replace(row, proof=row.proof and replace(row.proof, ctime_ns=7)) for row in rows]
    lapsed = replace(rows[1], stamp=replace(rows[1].stamp or FileStamp(0, 0, 0), size_bytes=99))
    undated = replace(rows[2], proof=rows[2].proof and replace(rows[2].proof, ctime_ns=None))
    absent = replace(rows[3], absent_since=NOW)
    fill(catalog, [rows[0], lapsed, undated, absent, rows[4]])
    with catalog.read() as reader:
        first = reader.files.list_proof_times(1, after="", limit=1)
        assert first == [(rows[0].path, rows[0].stamp and rows[0].stamp.size_bytes, 7)]
        rest = reader.files.list_proof_times(1, after=first[-1][0], limit=9)
        assert [path for path, _, _ in rest] == [rows[4].path]
        assert reader.files.list_proof_times(2, after="", limit=9) == []


def test_other_bytes_with_the_same_stamp_are_told_by_one_of_two(catalog: Catalog) -> None:
    """If two processes prove the same change, image.changed is written once: the update compares the hash."""
    old, new = proven(present(1)), proven(present(1), SHA256S[1])
    fill(catalog, [old])
    with catalog.write() as writer:
        assert writer.files.update_row(old, new)
        assert not writer.files.update_row(old, new)


def test_rows_of_an_image_come_proven_first_then_in_the_order_of_adding(catalog: Catalog) -> None:
    """A lookup tries them in this order (SPEC §5.2)."""
    files = [
        present(1),
        proven(present(1, sd=2)),
        present(1, path=f"media/{image(1)}.gif", sd=2),
        proven(present(1, path=f"media/{image(1)}.jpg")),
        replace(
            proven(present(1, path=f"media/{image(1)}.webp")), stamp=FileStamp(1, 1, 1)
        ),  # its proof has lapsed
        present(2),
    ]
    fill(catalog, files)
    with catalog.read() as reader:
        found = reader.files.list_rows_of_image(image(1))
    assert found == [files[3], files[1], files[0], files[4], files[2]]


def test_ids_are_found_by_their_first_digits(catalog: Catalog) -> None:
    """Each id once, in order, up to a limit, both forms; also ids of which the digits are all."""
    ids = ["0123" + "4" * 28, "0123" + "5" * 28, "0124" + "0" * 28, "01234567-0000-4000-8000-000000000001"]
    files = [present(1, path=f"media/{each}.png", image_id=ImageId(each)) for each in ids]
    fill(catalog, [*files, replace(files[0], sd=2)])
    with catalog.read() as reader:
        found = {
            digits: reader.files.list_ids_beginning_with(digits, limit=3)
            for digits in ("0123", "01234567-", "0124", "012", ids[1], "f")
        }
    assert found == {
        "0123": [ids[0], ids[3], ids[1]], "01234567-": [ids[3]], "0124": [ids[2]], "012": [ids[0], ids[3], ids[1]],
        ids[1]: [ids[1]], "f": [],
    }  # fmt: skip


def test_unproven_rows_come_newest_first_with_those_whose_proof_has_lapsed(catalog: Catalog) -> None:
    """The verifier gets every present file without a current proof."""
    lapsed = replace(proven(present(3)), stamp=present(9).stamp)
    fill(
        catalog,
        [
            present(1), present(2), lapsed, proven(present(4)), present(5, absent_since=NOW),
            present(6, state=FileState.ARRIVING), present(7, sd=2),
        ],
    )  # fmt: skip
    with catalog.read() as reader:
        assert reader.files.list_unproven(1, limit=10) == [lapsed, present(2), present(1)]
        assert reader.files.list_unproven(1, limit=1) == [lapsed]
        assert reader.files.count_unchecked(1) == 3
        paths = [row.path for row in (lapsed, present(2), present(1))]
        assert reader.files.list_unchecked_paths(1, limit=10) == paths
        assert reader.files.list_unchecked_paths(1, limit=2) == paths[:2]


@pytest.mark.parametrize("unchecked", [999, 1000, 1001])
def test_few_and_many_unchecked_rows_are_counted_alike(catalog: Catalog, unchecked: int) -> None:
    """From a thousand on, all rows of the folder are walked. Neither way counts proven, absent, or other rows."""
    others = [
        proven(present(5001)), present(5002, absent_since=NOW), present(5003, state=FileState.ARRIVING),
        present(5004, sd=2),
    ]  # fmt: skip
    fill(catalog, [*others, *map(present, range(1, unchecked + 1))])
    with catalog.read() as reader:
        assert reader.files.count_unchecked(1) == unchecked
        assert {number: counts.unchecked for number, counts in reader.files.count_of_each([1, 2]).items()} == {
            1: unchecked, 2: 1,
        }  # fmt: skip


@given(many_rows)
def test_counts_and_lists_agree_with_the_rows(shared_catalog: Catalog, some: list[ImageFile]) -> None:
    """Each answer equals that of a walk over all rows."""
    fill(shared_catalog, some)
    some = sorted(some, key=lambda row: row.path)
    expected = [row for row in some if row.state in EXPECTED]
    accepted = [row for row in expected if row.absent_since is not None and row.absence_accepted]
    with shared_catalog.read() as reader:
        assert reader.files.count_rows(1) == sum(row.state is not FileState.TRASHED for row in some)
        assert reader.files.count_expected(1) == len(expected)
        assert reader.files.count_unaccepted(1) == len(expected) - len(accepted)
        assert list(reader.files.iter_noteworthy_rows(1)) == [
            row for row in some if row.state is not FileState.PRESENT or row.absent_since is not None
        ]
        for state in set(FileState) - {FileState.PRESENT}:
            in_state = [row for row in some if row.state is state]
            assert reader.files.list_rows_in_state(1, state) == in_state
            assert reader.files.count_in_state(1, state) == len(in_state)
            assert reader.files.list_paths_in_state(1, state, empty_before=NOW) == [
                row.path
                for row in in_state
                if row.stamp is None or row.stamp.size_bytes or row.unchanged_since <= NOW
            ]
        here = {row.path for row in expected if row.absent_since is None}
        here -= {row.path for row in some if row.state is FileState.ONLINE_ONLY}
        known = here or {row.path for row in some if row.state is not FileState.TRASHED}
        assert set(reader.files.list_some_paths(1, limit=100)) == known
        assert len(reader.files.list_some_paths(1, limit=1)) == min(1, len(known))


@given(many_rows, st.booleans())
def test_accepting_absences_marks_what_is_absent_now(
    shared_catalog: Catalog, some: list[ImageFile], all_rows: bool
) -> None:
    """Only rows that a scan found absent, or all of them if the folder itself is gone."""
    fill(shared_catalog, some)
    with shared_catalog.write() as writer:
        writer.files.accept_absences(1, NOW, all_rows=all_rows)
    for row in some:
        absent_since = row.absent_since
        if row.state in EXPECTED and all_rows:
            absent_since = absent_since or NOW
        accepted = row.absence_accepted or (row.state in EXPECTED and absent_since is not None)
        assert find(shared_catalog, row.path) == replace(
            row, absent_since=absent_since, absence_accepted=accepted
        )


def test_a_row_is_dropped_only_in_the_state_that_was_seen(catalog: Catalog) -> None:
    """A file that came back meanwhile is not dropped as missing."""
    row = present(1)
    fill(catalog, [row])
    with catalog.write() as writer:
        assert not writer.files.delete_row(replace(row, state=FileState.MISSING))
        assert writer.files.delete_row(row)
    assert find(catalog, row.path) is None


def test_rows_whose_bytes_are_of_another_type_than_their_name_are_found(catalog: Catalog) -> None:
    """For example a HEIC named .jpg, once its bytes were read. Letter case and second extensions do not count."""
    odd = proven(present(1, path=f"media/{image(1)}.JPG", media_type="image/heic"))
    fill(
        catalog,
        [
            odd,
            proven(present(2, path=f"media/{image(2)}.JPEG", media_type="image/jpeg")),
            present(3, path=f"media/{image(3)}.gif"),
        ],
    )
    with catalog.read() as reader:
        assert list(reader.files.iter_rows_of_odd_type(1)) == [odd]


def test_legacy_files_that_differ_between_storage_directories_are_found(catalog: Catalog) -> None:
    """Two contents under one legacy id (H25). Under a content id they cannot differ."""
    one = replace(proven(present(1)), image_id=LEGACY_ID, path=f"media/{LEGACY_ID}.png")
    two = replace(proven(present(2), SHA256S[1]), sd=2, image_id=LEGACY_ID, path=f"media/{LEGACY_ID}.png")
    fill(catalog, [one, two, proven(present(3)), proven(present(3, sd=2))])
    with catalog.read() as reader:
        assert list(reader.files.iter_differing_copies(1)) == [one]
        assert list(reader.files.iter_differing_copies(2)) == [two]
    fill(catalog, [one, replace(two, proof=one.proof)])
    with catalog.read() as reader:
        assert list(reader.files.iter_differing_copies(1)) == []


@given(st.integers(-(10**15), 10**16))
def test_times_are_exact_to_the_microsecond(us: int) -> None:
    """The value read equals the value written."""
    assert as_microseconds(from_microseconds(us)) == us


@given(spans)
def test_no_time_stays_no_time(span: timedelta) -> None:
    """None stays None. A time in another zone is the same time."""
    assert as_microseconds(None) is None
    assert from_microseconds(None) is None
    assert from_microseconds(as_microseconds(NOW + span)) == NOW + span


@given(st.data())
def test_proofs_survive_with_their_kind(shared_catalog: Catalog, data: st.DataObject) -> None:
    """Lapsed ones, too: their hash shows whether new bytes are other bytes."""
    for image_id in (CONTENT_ID, LEGACY_ID):
        row = present(1, image_id=image_id, proof=data.draw(proofs(image_id, present(1).stamp)))
        fill(shared_catalog, [row])
        assert find(shared_catalog, row.path) == row
