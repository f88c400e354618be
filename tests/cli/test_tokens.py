"""``strandline token create``, ``list``, and ``revoke``, as an administrator types them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from builders.command_home import CommandHome
from strandline.cli.main import main
from strandline.errors import InvalidInputError
from strandline.model.access import AccessToken, Role, parse_expiry, sniff_token
from strandline.runtime.assembly import open_store

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line."""
    return main(["--home", str(made.home), *words])


def test_a_token_is_shown_once_and_only_its_hash_is_kept(
    made: CommandHome, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default it reads everything and never ends."""
    assert run(made, "token", "create", "--note", "Prometheus") == 0
    out, err = capsys.readouterr()
    text = out.strip()
    assert sniff_token(text) is not None
    assert "only time" in err
    secret = text.rpartition("_")[2] if "-" not in text else text[len("strandline_") + 13 :]
    for path in made.home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert run(made, "token", "list", "--json") == 0
    out, _ = capsys.readouterr()
    (listed,) = json.loads(out)["tokens"]
    assert (listed["role"], listed["note"], listed["sds"], listed["expires_at"]) == (
        "read",
        "Prometheus",
        None,
        None,
    )
    assert secret not in out


def test_a_token_for_some_storage_directories(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """By any of their names. An administrator's is for everything, and one for an unknown one is not made."""
    for name in ("Notes", "Photos"):
        made.look(made.make_storage_dir(name), hours_ago=1)
    assert run(made, "token", "create", "--role", "write", "--sd", "Notes", "--expires", "90d", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sds"] == ["Notes"]
    assert run(made, "token", "create", "--role", "admin", "--sd", "Notes") == 2
    assert run(made, "token", "create", "--sd", "Nothing") == 4
    assert run(made, "token", "create", "--expires", "2020-01-01") == 2
    assert run(made, "token", "create", "--note", "two\nlines") == 2
    capsys.readouterr()
    assert run(made, "token", "list") == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 1
    assert "Notes" in out
    assert "Photos" not in out
    assert run(made, "sd", "forget", "Notes") == 0
    capsys.readouterr()
    assert run(made, "token", "list") == 0
    assert "none any more" in capsys.readouterr().out


def test_a_token_is_revoked_by_its_id_or_its_note(
    made: CommandHome, capsys: pytest.CaptureFixture[str]
) -> None:
    """If several are meant, none of them."""
    for _ in range(2):
        assert run(made, "token", "create", "--note", "twin") == 0
    assert run(made, "token", "revoke", "twin") == 2
    assert run(made, "token", "revoke", "") == 4
    assert run(made, "token", "revoke", "other") == 4
    with open_store(made.home) as store:
        first, second = store.tokens.list_tokens()
    assert run(made, "token", "revoke", first.token_id[:8]) == 0
    assert run(made, "token", "revoke", "twin") == 0
    assert second.token_id in capsys.readouterr().out
    with open_store(made.home) as store:
        assert store.tokens.list_tokens() == []


def test_a_list_says_which_tokens_have_expired(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """They stay until somebody revokes them."""
    with open_store(made.home, now=lambda: NOW - timedelta(days=9000)) as store:
        store.tokens.create(note="old", expires_at=NOW - timedelta(days=8999))
    assert run(made, "token", "list") == 0
    assert "old" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("90d", NOW + timedelta(days=90)),
        ("2027-01-31T12:00:00", None),
        ("2027-02-30", None),
        ("9999-12-31", datetime.max.replace(tzinfo=UTC)),
        ("soon", None),
        ("", None),
        ("999999w", None),
    ],
)
def test_when_a_token_expires(text: str, expected: datetime | None) -> None:
    """After a whole day in UTC, at a time that has a zone, or in some days."""
    if expected is None:
        with pytest.raises(InvalidInputError):
            parse_expiry(text, NOW)
    else:
        assert parse_expiry(text, NOW) == expected


def test_roles_include_the_ones_before_them() -> None:
    """Each all that the one before allows."""
    assert [[one.includes(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert AccessToken("a", Role.READ, NOW, expires_at=NOW).is_valid(NOW) is False
