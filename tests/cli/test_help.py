"""Help: examples that work, where the exit statuses are, and two ways to ask for it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from builders.parsing import iter_commands, list_invocations, parse
from builders.program import run, run_process
from strandline.cli.examples import EXAMPLES, EXIT_STATUS_HINT

NAMES = [name for name, _ in iter_commands()]


def test_every_command_has_examples() -> None:
    """Two to four, and no others are written down."""
    assert set(EXAMPLES) == set(NAMES)
    assert {name for name, lines in EXAMPLES.items() if not 2 <= len(lines) <= 4} == set()


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_ones_of_the_command_and_parse(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real parser: commands, options, and arguments exist."""
    monkeypatch.chdir(tmp_path)
    Path("names.json").touch()  # the parser opens it
    for line in EXAMPLES[name]:
        invocations = list(list_invocations(line))
        assert invocations, line
        for words in invocations:
            parse(words)
    assert any(
        words[: len(name.split())] == name.split()
        for line in EXAMPLES[name]
        for words in list_invocations(line)
    )


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_examples_and_where_the_statuses_are(name: str) -> None:
    """Whichever way it is asked for. Examples are never wrapped, so they can be copied."""
    text = run(*name.split(), "--help").text
    assert all(f"  {line}\n" in text for line in EXAMPLES[name])
    assert EXIT_STATUS_HINT in " ".join(text.split())
    assert run("help", *name.split()).text == text
    assert run("help", *name.split(), "--json").json == {"help": text.rstrip("\n")}


def test_help_of_everything_and_of_nothing() -> None:
    """Without a name, the program's own help. For a wrong name, the usual error."""
    assert run_process("help").text == run_process("--help").text
    wrong = run("help", "gte")
    assert (wrong.status, "did you mean get?" in wrong.stderr) == (2, True)
    too_many = run("help", "get", "more")
    assert (too_many.status, "has no command 'more'" in too_many.stderr) == (2, True)


def test_the_parser_of_this_test_refuses_what_the_program_refuses() -> None:
    """Otherwise the tests above would prove nothing."""
    for words in (["gte"], ["get", "--nope", "x"], ["sd", "move", "only one"], ["sd", "add"], ["exists"]):
        with pytest.raises(click.UsageError):
            parse(words)
