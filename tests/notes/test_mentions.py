"""The loose reader: every name that a text ends with somewhere is found, whatever is before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.portable_names import fold_path
from strandline.notes.mentions import Names

PARTS = st.lists(st.sampled_from(["a", "B", "é", " ", "-", ".png", ".jpg", "\n", "("]), max_size=12).map(
    "".join
)


@given(PARTS, st.sets(PARTS.map("{}.png".format), max_size=5))
def test_each_name_that_is_in_a_text_is_found(text: str, names: set[str]) -> None:
    """Law: short and long ones, one in another, in any letter case. What is not there is not found."""
    lines = fold_path(f"{text}.png").split("\n")
    there = {fold_path(name) for name in names if any(fold_path(name) in line for line in lines)}
    found = Names(names).find_in(f"{text}.png".encode())
    assert {name for name in found if "\n" not in name} == {name for name in there if "\n" not in name}


def test_no_names_are_found_in_anything() -> None:
    """Also not the empty one."""
    assert Names([]).find_in(b"a.png") == set()
    assert Names([""]).find_in(b"a.png") == set()
