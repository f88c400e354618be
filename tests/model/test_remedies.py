"""Commands that messages offer: a shell reads back exactly what was meant."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from builders.reports import make_storage_dir
from strandline.model.remedies import quote_word, refer_to, say_command, say_confirm

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(words))
def test_a_shell_reads_back_the_words(some: list[str]) -> None:
    """Whatever is in a folder's name: blanks, quotes, or what a shell would run."""
    typed = say_command("sd", *some)
    assert typed.startswith("`strandline sd")
    assert shlex.split(typed[1:-1]) == ["strandline", "sd", *some]


@given(words)
def test_a_word_is_one_word(word: str) -> None:
    """Also an empty one."""
    assert shlex.split(quote_word(word)) == [word]


def test_a_name_is_never_taken_for_an_option() -> None:
    """A storage directory whose name begins with a dash is meant by its path."""
    assert refer_to(make_storage_dir(name="My Vault")) == "My Vault"
    assert say_confirm(make_storage_dir(name="My Vault")) == "`strandline sd confirm 'My Vault'`"
    assert refer_to(make_storage_dir(name="--help")) == "/somewhere/--help"
