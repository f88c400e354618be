"""Changing settings: one value in ``config.toml``, while everything else in the file stays as a person wrote it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from strandline.runtime.setting_sources import Value, iter_file
from strandline.runtime.settings import config_path, parse_setting


def set_setting(home: Path, key: str, text: str) -> Value:
    """Writes a value to the settings file, which is made if there is none. Atomic and durable.

    Args:
        home: The folder with the file; need not exist.
        key: ``section.name``.
        text: The value as text, as in an environment variable.

    Raises:
        ConfigError: The key is unknown, the value is out of bounds, or the file is not TOML. The file is unchanged.
        DiskError: It could not be written.
    """
    value = parse_setting(key, text)
    document, section, name = _read(home, key)
    document.setdefault(section, _new_table())[name] = value
    _write(home, document)
    return value


def unset_setting(home: Path, key: str) -> bool:
    """Removes a value from the settings file, so that the default counts again. Returns whether it was there.

    Raises:
        ConfigError: The key is unknown, or the file is not TOML. The file is unchanged.
        DiskError: It could not be written.
    """
    parse_setting(key)
    document, section, name = _read(home, key)
    if name not in document.get(section, ()):
        return False
    del document[section][name]
    if not document[section]:
        del document[section]
    _write(home, document)
    return True


def _read(home: Path, key: str) -> tuple[Any, str, str]:
    import tomlkit  # here: 40 ms that only these two commands need

    path = config_path(home)
    for given in iter_file(path):
        if "." not in given.key:
            raise given.error(f"{given.key} is not a section; mend the file first")
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        text = ""
    section, _, name = key.partition(".")
    return tomlkit.parse(text), section, name


def _new_table() -> Any:
    import tomlkit

    return tomlkit.table()


def _write(home: Path, document: Any) -> None:
    import tomlkit

    from strandline.folders.disk_errors import disk_errors
    from strandline.folders.saving import SaveMode, write_whole
    from strandline.runtime.home import give_to_owner

    with disk_errors("write", config_path(home)):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = Path(os.path.realpath(config_path(home)))  # keep a link: write to its target
    data = tomlkit.dumps(document).encode()
    write_whole(target.parent, target.name, data, scratch=home / "scratch", mode=SaveMode.REPLACE)
    give_to_owner(home)
