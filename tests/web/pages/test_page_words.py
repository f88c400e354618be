"""Messages on pages name buttons and places, never commands."""

from __future__ import annotations

import re

import pytest

from builders.messages import iter_messages
from builders.reports import make_file, make_storage_dir
from strandline.cli.overview import COMMANDS
from strandline.model.explanation_words import say_next
from strandline.model.image_files import FileState
from strandline.model.remedies import say_command
from strandline.model.reports import StorageDirTrace
from strandline.model.verdicts import Verdict
from strandline.web.pages.page_words import say_on_page

COMMAND = re.compile(r"['`](?:strandline |sd (?:add|move|forget|confirm|list|show|rename))")


def test_no_message_shows_a_command_on_a_page() -> None:
    """All messages below the faces are tried."""
    texts = [text for _, text in iter_messages(without=("cli", "web"))]
    commands = [text for text in texts if COMMAND.search(text)]
    assert len(commands) > 10
    assert [text for text in commands if "`" in say_on_page(text) or COMMAND.search(say_on_page(text))] == []


GROUPS = ("add", "list", "show", "confirm", "rename", "move", "forget", "accept-missing")
"""The commands of ``sd``."""


@pytest.mark.parametrize(
    "lead", ["run {}.", "run {} or {} after the next scan.", "use {}; then wait.", "see {}"]
)
def test_nobody_is_told_to_run_strandline(lead: str) -> None:
    """A command that is cut out leaves a sentence that is true on a page: for all messages, and all commands."""
    commands = [[name] for name in COMMANDS if name != "sd"] + [["sd", name] for name in GROUPS]
    texts = [lead.format(*[say_command(*words, "My Vault")] * 2) for words in commands]
    texts += [text for _, text in iter_messages(without=("cli", "web"))]
    said = [say_on_page(text) for text in texts]
    reworded = [words for text, words in zip(texts, said, strict=True) if words != text]
    bad = re.compile(r"\b(?:run|use|see) (?:`|Strandline\b(?!’s))", re.IGNORECASE)
    assert len(reworded) > len(commands)
    assert [words for words in reworded if bad.search(words)] == []


@pytest.mark.parametrize("verdict", Verdict)
def test_what_to_do_about_an_image_names_no_command(verdict: Verdict) -> None:
    """Whatever became of it, in one folder or in two."""
    row = make_file(state=FileState.MISSING)
    for many in (1, 2):
        traces = tuple(
            StorageDirTrace(make_storage_dir(name=f"Vault {at}"), catalog=(row,), disk=())
            for at in range(many)
        )
        said = say_on_page(say_next(verdict, traces) or "")
        assert "`" not in said
        assert not re.search(r"\b(?:run|use|see) Strandline\b", said, re.I)
    if verdict is Verdict.NOT_FOUND:
        assert said.endswith(
            "If it was deleted on purpose, accept that on the Folders page after the next scan."
        )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("wait, or run `strandline sd confirm 'My Vault'`.", "wait, or press “Confirm” on the Folders page."),
        (
            "if nothing is being synced, use `sd add --new-identity`",
            "if nothing is being synced, press “Give it a new identity” on the Folders page",
        ),
        (
            "give the copy another one: run `sd add --new-identity /a` or `sd add --new-identity '/b c'`",
            "give the copy another one: press “Give it a new identity” on the Folders page",
        ),
        (
            "if it is elsewhere now, run `strandline sd move 'My Vault' NEWPATH`",
            "if it is elsewhere now, set its new path on the Folders page",
        ),
        ("to use it, run `strandline sd add '/a b'`", "to use it, add it on the Folders page"),
        ("run `strandline sd forget 'My Vault'`, wait, and add it again", "forget it, wait, and add it again"),
        ("to copy them, run `strandline save -r '/a b' --sd N`", "to copy them, drop them into the gallery"),
        ("it is synced; choose another home with --home or STRANDLINE_HOME", "it is synced; add another folder"),
        (
            "`strandline sd show A` or `strandline sd show 'B C'` says why it is away",
            "The Folders page says why it is away",
        ),
        ("'Notes' was added with --read-only", "'Notes' was added as read-only"),
        ("the file \u202e is no image", "the file \\u202e is no image"),
    ],
)  # fmt: skip
def test_a_page_says_its_own_words(message: str, said: str) -> None:
    """What is no command stays as it is, but cannot act."""
    assert say_on_page(message) == said
