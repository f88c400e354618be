"""The content of a root: how each name relates to the identity, and what each content means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.identities import A, B, file, legacy, plain
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.identity.sightings import (
    IdentityRole,
    IdentitySighting,
    Unfit,
    find_identity_name,
    former_name_of,
    is_system_litter,
    judge_former,
    judge_identity,
)


@pytest.mark.parametrize(
    ("name", "role", "is_placeholder"),
    [
        ("SD_ID", IdentityRole.PLAIN, False),
        (".SD_ID.icloud", IdentityRole.PLAIN, True),
        ("SD_ID.nextcloud", IdentityRole.PLAIN, True),
        (".sd-id", IdentityRole.LEGACY, False),
        ("..sd-id.icloud", IdentityRole.LEGACY, True),
        (f"SD_ID.was-{A}", IdentityRole.FORMER, False),
        (f"sd_id.WAS-{A.upper()}", IdentityRole.FORMER, False),
        (f"SD_ID.was-{A} (1)", IdentityRole.FORMER, False),
        (f"SD_ID.was-{A}.sync-conflict-20261122-152736-V74P6II", IdentityRole.FORMER, False),
        (f".SD_ID.was-{A}.icloud", IdentityRole.FORMER, True),
        ("SD_ID.sync-conflict-20261122-152736-V74P6II", IdentityRole.COPY, False),
        ("SD_ID..path1", IdentityRole.COPY, False),
        ("SD_ID-DESKTOP-AB12", IdentityRole.COPY, False),
        ("sd_id", IdentityRole.COPY, False),
        ("Sd_Id 2", IdentityRole.COPY, False),
        ("SD_IDENTITY.md", IdentityRole.COPY, False),
        ("SD_ID.was-mine", IdentityRole.COPY, False),
        (".SD_ID 2.icloud", IdentityRole.COPY, True),
        (".syncthing.SD_ID.tmp", IdentityRole.TEMPORARY, False),
        ("~syncthing~SD_ID.tmp", IdentityRole.TEMPORARY, False),
        (".SD_ID.AI5nRd", IdentityRole.TEMPORARY, False),
        ("SD_ID.1a2b3c4d.partial", IdentityRole.TEMPORARY, False),
        ("SD_ID~", IdentityRole.TEMPORARY, False),
        (f".syncthing.SD_ID.was-{A}.tmp", IdentityRole.HINT, False),
        (".syncthing.SD_ID..path1.tmp", IdentityRole.HINT, False),
        ("Copy of SD_ID", IdentityRole.HINT, False),
    ],
)
def test_names_have_roles(name: str, role: IdentityRole, is_placeholder: bool) -> None:
    """Some names supply the identity, some only an alias, and some only show that something is on its way."""
    found = find_identity_name(name)
    assert found is not None
    assert (found.role, found.is_placeholder) == (role, is_placeholder)


@pytest.mark.parametrize(
    "name",
    ["media", "SD-ID", "my SD_ID.txt", ".syncthing..sd-id.tmp", ".~" + "0" * 32 + ".tmp", "\udcff", "ſD_ID"],
)
def test_other_names_have_none(name: str) -> None:
    """Other names in the root, including our own temporaries, play no role."""
    assert find_identity_name(name) is None


@given(
    st.text(st.characters(), max_size=40)
    | st.builds("{}SD_ID{}".format, st.text(max_size=9), st.text(max_size=9))
)
def test_any_name_is_sorted(name: str) -> None:
    """No name raises, and each name that begins like SD_ID has a role."""
    found = find_identity_name(name)
    if name.lower().startswith("sd_id"):
        assert found is not None


@pytest.mark.parametrize(
    ("data", "unfit"),
    [
        (b"", Unfit.EMPTY),
        (b"\xef\xbb\xbf \r\n", Unfit.EMPTY),
        (A[:1].encode(), Unfit.TRUNCATED),
        (A[:22].encode(), Unfit.TRUNCATED),
        (A[:35].encode(), Unfit.TRUNCATED),
        (b"\0" * 36, Unfit.NUL),
        (A[:20].encode() + b"\0" * 16, Unfit.NUL),
        (f"{A}\n{B}".encode(), Unfit.TWO_LINES),
        (b"x" * 257, Unfit.TOO_LONG),
        (b"hello", Unfit.OTHER),
        (b"\xff\xfe", Unfit.OTHER),
    ],
)
def test_no_identity_has_a_reason(data: bytes, unfit: Unfit) -> None:
    """The report says what is wrong with a file that is no identity."""
    found = judge_identity("SD_ID", data, None)
    assert (found.value, found.unfit) == (None, unfit)


@pytest.mark.parametrize(
    ("content", "value", "unfit"),
    [
        (A, A, None),
        ("", A, Unfit.EMPTY),
        (B, None, Unfit.DISAGREES),
        (A[:30], None, Unfit.TRUNCATED),
        ("x", None, Unfit.OTHER),
    ],
)
def test_a_former_value_agrees_with_its_name(
    content: str, value: StorageDirId | None, unfit: Unfit | None
) -> None:
    """If bytes and name disagree, neither counts. If there are no bytes, the name counts."""
    found = judge_former(file(former_name_of(A), content))
    assert (found.value, found.unfit) == (value, unfit)


@pytest.mark.parametrize(
    ("name", "is_litter"),
    [
        *((name, True) for name in (".DS_Store", "desktop.ini", "Thumbs.db", "Icon\r", "@eaDir")),
        *((name, False) for name in ("a.png", "._a.png", ".a.png.icloud", ".~0.tmp", ".git", "")),
    ],
)
def test_litter_is_of_the_system(name: str, is_litter: bool) -> None:
    """Only system litter counts as nothing. A ``._`` file may belong to an image on its way."""
    assert is_system_litter(name) is is_litter


def test_ignored_files_are_named() -> None:
    """The inspector can name each file that should contain an identity but does not."""
    sees = IdentitySighting(
        plain=plain(A),
        legacy=legacy("x"),
        copies=(file("SD_ID 2", ""),),
        former=(judge_former(file(former_name_of(A), B)),),
    )
    assert [each.name for each in sees.ignored] == [".sd-id", "SD_ID 2", former_name_of(A)]
