"""Where a picture may be put back, whatever a note says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.layout import may_be_picture
from strandline.model.passed_over import is_passed_over
from strandline.model.put_back import explain_no_place, explain_refused_target

parts = st.one_of(
    st.sampled_from(
        ["..", ".", "", ".git", ".obsidian", "node_modules", "a", "media", "x.png", "y.sh", "con.png"]
    ),
    st.text(max_size=6),
)


@given(st.lists(parts, min_size=1, max_size=5).map("/".join))
def test_an_accepted_path_is_safe(path: str) -> None:
    """Law: below the root, through no folder that is hidden or passed over, and a picture by its name."""
    if explain_refused_target(path) is None:
        each = path.split("/")
        assert not {"", ".", ".."} & set(each)
        assert not any(part.startswith(".") for part in each)
        assert not any(is_passed_over("/".join(each[: number + 1])) for number in range(len(each)))
        assert may_be_picture(each[-1])


@pytest.mark.parametrize("path", ["a/aux.png", "a/b:c.png", "x.png"])
def test_a_file_that_was_there_may_have_any_name(path: str) -> None:
    """Only what is new must be fit for every system."""
    assert explain_no_place(path) is None


@pytest.mark.parametrize("path", ["x.png", "a/b c/ü.JPG", "media/Pasted image 1.png", "logseq/assets/x.webp"])
def test_pictures_of_people_are_accepted(path: str) -> None:
    """Wherever people keep them."""
    assert explain_refused_target(path) is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../x.png", "not below"),
        ("/etc/x.png", "not below"),
        ("a//x.png", "not below"),
        (".obsidian/plugins/x.png", "another program"),
        ("a/.git/x.png", "another program"),
        ("a/.x.png", "another program"),
        ("a/x.sh", "no picture's extension"),
        ("a/x", "no picture's extension"),
        ("a/aux.png", "Windows"),
        ("a/b:c.png", "Windows"),
    ],
)
def test_everything_else_is_refused(path: str, why: str) -> None:
    """With the reason."""
    assert why in (explain_refused_target(path) or "")
