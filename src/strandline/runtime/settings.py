"""Settings: every number and template that a user may change, where its value came from, and where home is.

Each setting is one field of a section (``setting_sections``), with its default, its bounds, and its description. Its
key in the file, its environment variable, and its row in ``docs/reference/settings.md`` all follow from that line. A
value comes from the program that opens the store, then the environment, then ``config.toml`` in the home, then the
default. Reading is strict: an unknown key, a wrong type, or a value out of bounds stops the program and names the
place and the remedy. A setting that is quietly ignored is worse than none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from strandline.errors import ConfigError
from strandline.model.values import dataclass
from strandline.runtime.setting_sections import (
    CatalogSettings,
    ImportsSettings,
    JournalSettings,
    LogSettings,
    PicturesSettings,
    ReadSettings,
    S3Settings,
    SaveSettings,
    ScanSettings,
    TrashSettings,
    WatchSettings,
    WebSettings,
    WorkSettings,
)
from strandline.runtime.setting_sources import (
    COMMAND_LINE,
    Given,
    Origin,
    Value,
    iter_environment,
    iter_file,
    iter_overrides,
)

CONFIG_FILE = "config.toml"
HOME_VARIABLE = "STRANDLINE_HOME"

_LONGEST_S = 86_400
"""None of our waits is meant to last longer than a day, and the system's timers overflow not far above."""

_LARGEST_INT = (1 << 63) - 1
"""SQLite's largest number."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as shown to people."""

    key: str
    """``section.name``, as in the file."""
    value: Value
    origin: Origin
    default: Value
    description: str
    variable: str
    """The environment variable that sets it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, one attribute per section. ``Settings()`` has the defaults."""

    catalog: CatalogSettings = CatalogSettings()
    save: SaveSettings = SaveSettings()
    imports: ImportsSettings = ImportsSettings()
    scan: ScanSettings = ScanSettings()
    watch: WatchSettings = WatchSettings()
    pictures: PicturesSettings = PicturesSettings()
    read: ReadSettings = ReadSettings()
    journal: JournalSettings = JournalSettings()
    trash: TrashSettings = TrashSettings()
    s3: S3Settings = S3Settings()
    work: WorkSettings = WorkSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """The source of each value that is not the default, by key."""

    @classmethod
    def load(
        cls,
        home: Path,
        environ: Mapping[str, str],
        overrides: Mapping[str, Value] | None = None,
        *,
        only: str | None = None,
    ) -> Settings:
        """The settings of a home. Reads one small file if it exists, and writes nothing.

        Args:
            home: The folder with ``config.toml``; neither needs to exist.
            environ: Environment variables, in which ``STRANDLINE_<SECTION>_<NAME>`` counts.
            overrides: Values from the program that opens the store, by key.
            only: A key. All others are as by default, whatever is wrong with them.

        Raises:
            ConfigError: The file cannot be read or is not TOML, a key is unknown, or a value has the wrong type or is
                out of bounds. Its facts are ``place`` and, if there is one, ``key``.
        """
        settings = cls()
        sections = {spec.section for spec in _known_settings().values()}
        for given in chain(
            iter_file(config_path(home)), iter_environment(environ, sections), iter_overrides(overrides or {})
        ):
            if only in (None, given.key):
                settings = settings._with(given)
        return settings

    def iter_settings(self) -> Iterator[SettingRow]:
        """Every setting with its value and the value's source, in the order of the reference."""
        for key, spec in _known_settings().items():
            value = getattr(getattr(self, spec.section), spec.name)
            origin = self.origins.get(key, Origin.DEFAULT)
            yield SettingRow(key, value, origin, spec.default, spec.description, spec.variable)

    def _with(self, given: Given) -> Settings:
        spec = _get_spec(given)
        section = replace(getattr(self, spec.section), **{spec.name: spec.get_checked(given)})
        return replace(self, **{spec.section: section, "origins": {**self.origins, given.key: given.origin}})


def config_path(home: Path) -> Path:
    """The file that a person edits. It need not exist."""
    return home / CONFIG_FILE


def parse_setting(key: str, text: str | None = None) -> Value:
    """The value that a text means for a setting; without a text, its default.

    Raises:
        ConfigError: There is no such setting, or the value is out of bounds.
    """
    given = Given(key, text, Origin.ENVIRONMENT, COMMAND_LINE)
    spec = _get_spec(given)
    return spec.default if text is None else spec.get_checked(given)


def find_home(given: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Path:
    """The folder of catalog, ``config.toml``, and caches, as an absolute path. Accesses no disk.

    What is given (by ``--home``, or by a program) wins, then ``STRANDLINE_HOME`` unless
    empty, then the platform's folder for user data. ``~`` is expanded.

    Raises:
        ConfigError: An empty path is given, or one that the system does not accept; it begins with the ``~`` of an
            unknown user; it is relative and the current folder is gone; or none is given, and this user has no home
            directory.
    """
    if given is not None and not os.fspath(given):
        raise ConfigError("the home is an empty path; give a folder, or leave it out", place="home")
    chosen = environ.get(HOME_VARIABLE) if given is None else given
    if not chosen:
        return _find_usual_home()
    place = HOME_VARIABLE if given is None else "--home"
    try:
        if "\0" in os.fsdecode(os.fsencode(chosen)):
            raise ConfigError(f"{place}: {str(chosen)!r} cannot be a path; give another one", place=place)
        return Path(chosen).expanduser().absolute()
    except FileNotFoundError as error:
        raise ConfigError(
            f"{place}: the current folder is gone, so {str(chosen)!r} leads nowhere; give the whole path",
            place=place,
        ) from error
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{place}: {str(chosen)!r} cannot be a path; give another one", place=place
        ) from error
    except RuntimeError as error:
        raise ConfigError(f"{place}: {error} ({str(chosen)!r}); give the whole path", place=place) from error


def _find_usual_home() -> Path:
    import platformdirs  # here: it costs every start-up 10 ms, and most tests and servers name their home

    try:
        found = platformdirs.user_data_path("strandline", appauthor=False)
    except RuntimeError:
        found = Path()
    if not found.is_absolute():  # some releases leave the ~ in it
        raise ConfigError(
            f"this user has no home directory; set HOME, or choose a folder with --home or {HOME_VARIABLE}",
            place="home",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Spec:
    """The properties of one setting, from its field."""

    section: str
    name: str
    default: Value
    description: str
    at_least: float
    at_most: float | None
    find_fault: Callable[[str], str | None]

    @property
    def variable(self) -> str:
        return f"STRANDLINE_{self.section}_{self.name}".upper()

    def get_checked(self, given: Given) -> Value:
        value = given.value
        if given.origin is Origin.ENVIRONMENT:
            value = _parse_text(str(value), type(self.default))
        wanted = self._find_fault(value)
        if wanted is not None:
            otherwise = "" if given.place == COMMAND_LINE else ", or leave it out"
            from strandline.model.addresses import hide_passwords  # here: needed only after a mistake

            is_text = isinstance(value, str)
            shown = repr(hide_passwords(value)) if is_text else hide_passwords(repr(value))
            raise given.error(f"{given.key} is {shown}; give {wanted}{otherwise}")
        return type(self.default)(value)  # an int for a float setting becomes a float

    def _find_fault(self, value: Any) -> str | None:
        """What the value should be, or None if it is valid."""
        if isinstance(self.default, str):
            if not isinstance(value, str):
                return "a text in quotes"
            return self.find_fault(value) if _is_valid_text(value) else "text that is valid UTF-8"
        whole = isinstance(self.default, int)
        highest = self.at_most or (_LARGEST_INT if whole else _LONGEST_S)
        # bool is an int to Python; nan is in no range.
        is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if is_number and self.at_least <= value <= highest:
            return None
        return f"a {'whole ' * whole}number from {self.at_least} to {highest}"


def _is_valid_text(text: str) -> bool:
    """Whether a file of settings can have it. A shell can give any bytes."""
    try:
        return bool(text.encode()) or not text
    except UnicodeEncodeError:
        return False


def _parse_text(text: str, kind: type[Value]) -> Value:
    """The value of the text. If it has none, the text itself, which the check then refuses."""
    try:
        return kind(text)
    except ValueError:
        return text


@cache
def _known_settings() -> dict[str, _Spec]:
    """All settings by key, in the order of their sections."""
    sections: dict[str, Any] = {f.name: f.default for f in fields(Settings) if f.name != "origins"}
    return {
        f"{section}.{f.name}": _Spec(section, f.name, getattr(defaults, f.name), **f.metadata)
        for section, defaults in sections.items()
        for f in fields(defaults)
    }


def list_settings() -> list[str]:
    """The keys of all settings, in the order of their sections."""
    return list(_known_settings())


def _get_spec(given: Given) -> _Spec:
    known = _known_settings()
    if given.key in known:
        return known[given.key]
    import difflib  # here: needed only after a mistake

    near = difflib.get_close_matches(given.key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "`strandline config show` lists all"
    raise given.error(f"there is no setting {given.key!r}; {hint}")
