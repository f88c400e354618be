"""Settings come from four places, are checked strictly, and can say where their values came from."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.python_process import run_python
from strandline import open_store
from strandline.errors import ConfigError
from strandline.runtime.setting_edits import set_setting
from strandline.runtime.setting_sources import Origin, Value
from strandline.runtime.settings import SettingRow, Settings, config_path, find_home

DEFAULTS = {row.key: row for row in Settings().iter_settings()}
REFERENCE = Path(__file__).parents[2] / "docs/reference/settings.md"


def load(
    home: Path,
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Value] | None = None,
) -> Settings:
    if text is not None:
        config_path(home).write_text(text)
    return Settings.load(home, environ or {}, overrides)


def row_of(settings: Settings, key: str) -> SettingRow:
    return next(row for row in settings.iter_settings() if row.key == key)


def test_without_a_home_all_is_default(tmp_path: Path) -> None:
    """A first start needs no file and creates none."""
    assert load(tmp_path / "nowhere") == Settings()
    assert all(row.origin is Origin.DEFAULT and row.value == row.default for row in DEFAULTS.values())
    assert list(tmp_path.iterdir()) == []


def test_the_later_place_wins_and_is_named(home: Path) -> None:
    """Command line over environment over file over default, for each setting separately."""
    settings = load(
        home,
        "[save]\nmax_bytes = 1\n[journal]\nmax_days = 2\nmax_events = 3\n",
        {"STRANDLINE_SAVE_MAX_BYTES": "10", "STRANDLINE_JOURNAL_MAX_DAYS": "20"},
        {"save.max_bytes": 100},
    )
    assert (settings.save.max_bytes, settings.journal.max_days, settings.journal.max_events) == (100, 20, 3)
    origins = {row.key: row.origin for row in settings.iter_settings() if row.origin is not Origin.DEFAULT}
    assert origins == {
        "save.max_bytes": Origin.PROGRAM,
        "journal.max_days": Origin.ENVIRONMENT,
        "journal.max_events": Origin.FILE,
    }


def test_a_whole_number_may_stand_for_seconds(home: Path) -> None:
    """``periodic_s = 60`` equals 60.0 and becomes a float."""
    settings = load(home, "[scan]\nperiodic_s = 60\n")
    assert type(settings.scan.periodic_s) is float
    assert settings.scan.periodic_s == 60.0


def test_a_byte_order_mark_is_tolerated(home: Path) -> None:
    """A file from a Windows editor can be read."""
    assert load(home, "\ufeff[save]\r\nmax_bytes = 7\r\n").save.max_bytes == 7


def test_an_empty_variable_counts_as_unset(home: Path) -> None:
    """``STRANDLINE_SAVE_MAX_BYTES=`` in a service file changes nothing."""
    assert load(home, environ={"STRANDLINE_SAVE_MAX_BYTES": ""}) == Settings()


def test_foreign_variables_are_left_alone(home: Path) -> None:
    """A program that embeds the library may have variables with similar names."""
    assert load(home, environ={"STRANDLINE_HOME": "/x", "STRANDLINE_SHOP_URL": "y", "SAVE_MAX_BYTES": "z"})


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[save]\nmax_byte = 1\n", "save.max_byte", "did you mean save.max_bytes?"),
        ("[zebra]\nq = 1\n", "zebra.q", "`strandline config show` lists all"),
        ("save = 1\n", "save", "there is no setting 'save'"),
        ("[save.max_bytes]\nx = 1\n", "save.max_bytes", "whole number"),
        ("[save]\nmax_bytes = '1'\n", "save.max_bytes", "whole number from 1"),
        ("[save]\nmax_bytes = 1.5\n", "save.max_bytes", "whole number"),
        ("[save]\nmax_bytes = true\n", "save.max_bytes", "whole number"),
        ("[save]\nmax_bytes = 0\n", "save.max_bytes", "from 1"),
        ("[save]\nmax_bytes = 9223372036854775808\n", "save.max_bytes", "to 9223372036854775807"),
        ("[web]\nport = 65536\n", "web.port", "a whole number from 0 to 65535"),
        ("[web]\nport = -1\n", "web.port", "a whole number from 0 to 65535"),
        ("[journal]\nmax_days = 4000000\n", "journal.max_days", "a whole number from 1 to 36500"),
        ("[read]\nio_timeout_s = nan\n", "read.io_timeout_s", "a number from 0.1 to 86400"),
        ("[read]\nio_timeout_s = inf\n", "read.io_timeout_s", "a number from 0.1 to 86400"),
        ("[read]\nio_timeout_s = -1\n", "read.io_timeout_s", "a number from 0.1 to 86400"),
        ("[save]\nmarkdown = 3\n", "save.markdown", "a text"),
        ("[save]\nmarkdown = 'no name'\n", "save.markdown", "{filename}"),
        ("[save]\nmarkdown = '{filename} {other}'\n", "save.markdown", "{filename}"),
        ("[save]\nmarkdown = '{filename} {'\n", "save.markdown", "{filename}"),
        ("[web]\nbase_path = 'pics'\n", "web.base_path", "a path such as /pics/"),
        ("[web]\npublic_url = 'pics.lan'\n", "web.public_url", "such as https://pics.lan/ or"),
    ],
)
def test_a_bad_file_is_refused_with_place_key_and_remedy(home: Path, text: str, key: str, says: str) -> None:
    """Nothing in the file is silently ignored. The message is one line that says where and what to do."""
    with pytest.raises(ConfigError) as caught:
        load(home, text)
    assert caught.value.facts == {"place": str(config_path(home)), "key": key}
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_that_cannot_be_read_is_refused_by_name(home: Path) -> None:
    """Broken TOML, endless nesting or numbers, a wrong encoding, or a folder: each error names the file."""
    for spoil in (
        lambda path: path.write_text("[save\n"),
        lambda path: path.write_text("x = " + "[" * 5_000),
        lambda path: path.write_text("[web]\nport = " + "9" * 5_000),
        lambda path: path.write_bytes(b"\xff\xfe["),
        lambda path: (path.unlink(), path.mkdir()),
    ):
        spoil(config_path(home))
        with pytest.raises(ConfigError) as caught:
            load(home)
        assert caught.value.facts == {"place": str(config_path(home))}


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("STRANDLINE_SAVE_MAX_BYTES", "2 GB"),
        ("STRANDLINE_SAVE_MAX_BYTES", "1.0"),
        ("STRANDLINE_SAVE_MAXBYTES", "1"),
        ("STRANDLINE_WEB_PORT", "70000"),
        ("STRANDLINE_SAVE_MARKDOWN", "{}"),
        ("STRANDLINE_READ_IO_TIMEOUT_S", "NaN"),
    ],
)
def test_a_bad_variable_is_refused_by_name(home: Path, variable: str, text: str) -> None:
    """Environment and command line are checked as strictly as the file."""
    with pytest.raises(ConfigError, match=variable) as caught:
        load(home, environ={variable: text})
    with pytest.raises(ConfigError, match=r"^overrides: "):
        load(home, overrides={str(caught.value.facts["key"]): text})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:S3CRET@host/pics",
        "postgresql://ada@host/pics?password=S3CRET",
        "mysql://ada:S3CRET@host/pics",
    ],
)
def test_no_message_has_a_password(home: Path, url: str) -> None:
    """Wherever the address comes from. Messages go to logs, and to those who are asked for help."""
    key = "catalog.url"
    for refused in (
        lambda: load(home, f"[catalog]\nurl = '{url}'\n"),
        lambda: load(home, f"[catalog]\nurl = ['{url}']\n"),
        lambda: load(home, "", environ={"STRANDLINE_CATALOG_URL": url}),
        lambda: load(home, "", overrides={key: url}),
        lambda: set_setting(home, key, url),
    ):
        with pytest.raises(ConfigError, match=r"\*\*\*") as caught:
            refused()
        assert "S3CRET" not in f"{caught.value.message}{caught.value.facts}"


@given(
    st.sampled_from(sorted(DEFAULTS)),
    st.integers() | st.floats() | st.booleans() | st.text(st.characters(exclude_characters="\0")),
)
def test_a_value_is_taken_as_it_is_or_refused(key: str, value: Value) -> None:
    """Law: the setting then equals the given value, in its default's type, or there is a ConfigError."""
    try:
        row = row_of(Settings.load(Path("/nonexistent"), {}, {key: value}), key)
    except ConfigError:
        return
    assert row.value == value
    assert type(row.value) is type(row.default)


@pytest.mark.parametrize(
    "row", [row for row in DEFAULTS.values() if row.value != ""], ids=lambda row: row.key
)
def test_what_a_row_shows_can_be_given_back(row: SettingRow) -> None:
    """A shown value, put into the row's variable, gives the same value. An empty text means unset."""
    again = row_of(Settings.load(Path("/nonexistent"), {row.variable: str(row.value)}), row.key)
    assert (again.value, again.origin) == (row.value, Origin.ENVIRONMENT)


def test_home_is_chosen_by_command_line_then_variable_then_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--home`` wins, an empty variable counts as unset, and ``~`` and relative paths become absolute."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    environ = {"STRANDLINE_HOME": "~/from-variable"}
    assert find_home(Path("here"), environ) == tmp_path / "here"
    assert find_home(None, environ) == tmp_path / "from-variable"
    assert find_home(None, {"STRANDLINE_HOME": ""}) == find_home(None, {})
    if sys.platform == "linux":
        assert find_home(None, {}) == tmp_path / "data" / "strandline"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_home_is_refused() -> None:
    """It would mean the current folder, and fill that with a catalog."""
    with pytest.raises(ConfigError, match="empty path"):
        find_home("", {})
    with pytest.raises(ConfigError, match="empty path"):
        open_store("")


@pytest.mark.parametrize(
    "row", [row for row in Settings().iter_settings() if not isinstance(row.default, str)]
)
def test_a_store_opens_at_the_bounds_of_each_number(row: SettingRow, home: Path) -> None:
    """What the check lets through, the rest of the program can use: it reads, writes, and prunes with it."""
    with pytest.raises(ConfigError) as caught:
        load(home, overrides={row.key: -1})
    bounds = re.search(r"from ([0-9.]+) to ([0-9.]+),", caught.value.message)
    assert bounds is not None
    (home / "folder").mkdir()
    for bound in bounds.groups():
        value = type(row.default)(bound)
        with open_store(home / f"home at {value}", overrides={row.key: value}) as store:
            store.add_storage_dir(home / "folder")
            assert store.events()
            store.forget_storage_dir(home / "folder")


def test_an_unknown_users_home_is_refused() -> None:
    """``~nobody-here`` is a clear error, not a folder of that name."""
    with pytest.raises(ConfigError, match=r"STRANDLINE_HOME.*whole path"):
        find_home(None, {"STRANDLINE_HOME": "~no-such-user/strandline"})


def test_a_start_with_all_defaults_imports_no_parser() -> None:
    """Settings cost nothing at start-up: tomllib, difflib, and platformdirs are loaded only when needed."""
    code = (
        "import sys; from pathlib import Path; from strandline.runtime.settings import Settings, find_home;"
        "Settings.load(find_home(Path('/nonexistent'), {}), {});"
        "print([name for name in ('tomllib', 'difflib', 'platformdirs') if name in sys.modules])"
    )
    run = run_python(code)
    assert run.stdout.strip() == "[]"


def test_the_reference_lists_every_setting() -> None:
    """docs/reference/settings.md has exactly one row for each setting of the program."""
    expected = [
        f"| `{row.key}` | `{row.default}` | {row.description} | `{row.variable}` |"
        for row in DEFAULTS.values()
    ]
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `")]
    assert rows == expected, "put these rows there:\n" + "\n".join(expected)
