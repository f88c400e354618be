"""Changing settings: one value changes, and nothing else in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import ConfigError
from strandline.runtime.setting_edits import set_setting, unset_setting
from strandline.runtime.settings import Settings

WRITTEN = """\
# my settings
[web]
port = 9000  # behind the proxy

[scan]
periodic_s = 60
"""


def value_of(home: Path, key: str) -> object:
    """What counts for a program that starts now."""
    return {row.key: row.value for row in Settings.load(home, {}).iter_settings()}[key]


def test_a_first_setting_makes_the_file(tmp_path: Path) -> None:
    """Also the home, for its owner alone."""
    home = tmp_path / "home"
    assert set_setting(home, "log.level", "info") == "info"
    assert (home / "config.toml").read_text() == '[log]\nlevel = "info"\n'
    assert home.stat().st_mode & 0o077 == 0


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    """A shell can give them. The file stays as it is."""
    for key in ("web.host", "s3.trash_prefix"):
        with pytest.raises(ConfigError, match="valid UTF-8"):
            set_setting(tmp_path, key, "a\udcff")
    assert not (tmp_path / "config.toml").exists()


def test_everything_else_stays(tmp_path: Path) -> None:
    """Comments, order, and other values; and a file that is a link stays one."""
    real = tmp_path / "dotfiles"
    real.write_text(WRITTEN)
    (tmp_path / "config.toml").symlink_to(real)
    set_setting(tmp_path, "web.port", "9001")
    assert real.read_text() == WRITTEN.replace("9000", "9001")
    assert unset_setting(tmp_path, "scan.periodic_s")
    assert not unset_setting(tmp_path, "scan.periodic_s")
    assert real.read_text().startswith("# my settings\n[web]\nport = 9001  # behind the proxy\n")
    assert value_of(tmp_path, "scan.periodic_s") == 300.0
    assert (tmp_path / "config.toml").is_symlink()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("web.prot", "1"),
        ("web", "1"),
        ("web.port", "many"),
        ("web.port", "70000000000000000000"),
        ("log.level", "loud"),
    ],
)
def test_what_would_be_refused_is_not_written(tmp_path: Path, key: str, text: str) -> None:
    """A file with it would stop every command."""
    with pytest.raises(ConfigError):
        set_setting(tmp_path, key, text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", ["[web\n", "web = 3\n", "\xff"])
def test_a_file_that_makes_no_sense_is_left_alone(tmp_path: Path, written: str) -> None:
    """A person has to look at it."""
    path = tmp_path / "config.toml"
    path.write_bytes(written.encode("latin-1"))
    with pytest.raises(ConfigError):
        set_setting(tmp_path, "web.port", "1")
    assert path.read_bytes() == written.encode("latin-1")


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Quotes, backslashes, and line ends are written as TOML needs them."""
    home = tmp_path_factory.mktemp("home")
    set_setting(home, "web.allow_hosts", text)
    assert value_of(home, "web.allow_hosts") == text
