"""Settings: every number and template that a user may change, where its value came from, and where home is.

Each setting is one field of a section, with its default, its bounds, and its description. Its key in the file, its
environment variable, and its row in ``docs/reference/settings.md`` all follow from that one line. A value comes from
the program that opens the store, then the environment, then ``config.toml`` in the home, then the default. Reading is
strict: an unknown key, a wrong type, or a value out of bounds stops the program and names the place and the remedy. A
setting that is quietly ignored is worse than none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from strandline.errors import ConfigError
from strandline.model import defaults
from strandline.model.defaults import MAX_PORT
from strandline.model.log_levels import LOG_LEVELS
from strandline.model.values import dataclass
from strandline.runtime.setting_faults import (
    find_fault_in_base_path,
    find_fault_in_markdown,
    find_fault_in_origins,
    find_fault_in_public_url,
    one_of,
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

_V = TypeVar("_V", int, float, str)

_GIB = 1 << 30

_LONGEST_S = 86_400
"""None of our waits is meant to last longer than a day, and the system's timers overflow not far above."""

SIGN_IN, OPEN_ON_LOOPBACK = AUTH_KINDS = ("sign-in", "open-on-loopback")
"""Who gets in: those who have signed in, or on a loopback address every user of the machine."""

_CENTURY_DAYS = 36_500
"""A journal that is meant to last forever. A time that many days ago can still be written as a date."""

_LARGEST_INT = (1 << 63) - 1
"""SQLite's largest number."""


def _setting(
    default: _V,
    description: str,
    *,
    at_least: float = 1,
    at_most: float | None = None,
    find_fault: Callable[[str], str | None] = lambda _: None,
) -> _V:
    """A field of a section. It has the type of its default. A number must be from ``at_least`` to ``at_most``."""
    return field(
        default=default,
        metadata={
            "description": description,
            "at_least": at_least,
            "at_most": at_most,
            "find_fault": find_fault,
        },
    )


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """This machine's database."""

    busy_timeout_s: float = _setting(
        5.0, "How long to wait while another process writes to the catalog.", at_least=0
    )


@dataclass(frozen=True, slots=True)
class SaveSettings:
    """Saving images."""

    max_bytes: int = _setting(defaults.MAX_IMAGE_BYTES, "The largest image that is saved.")
    markdown: str = _setting(
        defaults.MARKDOWN,
        "The Markdown that `save` prints. `{stem}` is the original file name without its extension, "
        "`{filename}` the name in the media folder.",
        find_fault=find_fault_in_markdown,
    )


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Listing media folders."""

    batch_files: int = _setting(
        defaults.SCAN_BATCH_FILES,
        "Files recorded in one transaction. Larger is faster; a scan is cancelled between batches.",
    )
    periodic_s: float = _setting(300.0, "Time between two scans of a watched storage directory.")


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Watching storage directories."""

    poll_interval_s: float = _setting(
        defaults.POLL_INTERVAL_S,
        "Time between two looks if the system does not report changes (a network drive).",
        at_least=0.1,
    )
    verify_bytes_per_hour: int = _setting(
        20 * _GIB, "How much the background verifier may read in an hour. 0 turns it off.", at_least=0
    )


@dataclass(frozen=True, slots=True)
class PicturesSettings:
    """Decoding pictures and making thumbnails."""

    max_pixels: int = _setting(defaults.MAX_PIXELS, "Pictures with more pixels than this are not decoded.")
    thumbnail_cache_bytes: int = _setting(
        2 * _GIB, "Disk space for thumbnails and converted pictures. 0 keeps none.", at_least=0
    )
    decode_timeout_s: float = _setting(defaults.DECODE_TIMEOUT_S, "The time limit for decoding one picture.")


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """Reading images."""

    max_memory_bytes: int = _setting(
        defaults.MAX_MEMORY_BYTES,
        "Larger images are proven through a temporary file instead of memory.",
        at_least=0,
    )
    fetch_timeout_s: float = _setting(
        defaults.FETCH_TIMEOUT_S,
        "How long to wait while a share or cloud fetches an image's bytes or the names in a folder.",
    )
    io_timeout_s: float = _setting(
        defaults.IO_TIMEOUT_S,
        "A storage directory whose disk does not answer for this long is offline.",
        at_least=0.1,
    )


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The journal of events."""

    max_events: int = _setting(defaults.JOURNAL_MAX_EVENTS, "Older events are dropped.")
    max_days: int = _setting(
        defaults.JOURNAL_MAX_DAYS, "Events older than this are dropped.", at_most=_CENTURY_DAYS
    )


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The server for browsers and other programs."""

    host: str = _setting(
        "127.0.0.1",
        "The address that `serve` listens on. If it is not a loopback address, others can reach the server.",
    )
    port: int = _setting(
        8484, "The port that `serve` listens on. 0 takes a free one.", at_least=0, at_most=MAX_PORT
    )
    auth: str = _setting(
        SIGN_IN,
        "Who gets in: `sign-in` (those who have signed in, or have the token) or `open-on-loopback` (on a loopback "
        "address also every program and every user of this machine, and everybody whom a proxy on it lets through).",
        find_fault=one_of(*AUTH_KINDS),
    )
    public_url: str = _setting(
        "",
        "The address at which people open the server through a proxy: `https://pics.lan/`, or with a base path "
        "`https://example.org/pics/`. docs/howto/reverse-proxy.md says what follows from it.",
        find_fault=find_fault_in_public_url,
    )
    base_path: str = _setting(
        "",
        "The path below which a proxy shows the server, if `web.public_url` does not say it: `/pics/`.",
        find_fault=find_fault_in_base_path,
    )
    allow_hosts: str = _setting(
        "",
        "More host names that the server answers to, separated by spaces: `box.lan box.lan:8484`.",
    )
    allow_origins: str = _setting(
        "",
        "More origins whose pages may read and write, separated by spaces: `http://localhost:3000`.",
        find_fault=find_fault_in_origins,
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The log of the commands that run for long."""

    level: str = _setting(
        "warning",
        "What `serve` and `watch` log on stderr: `error`, `warning` (what you should look at), `info` (each event), "
        "or `debug`.",
        find_fault=one_of(*LOG_LEVELS),
    )


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
    scan: ScanSettings = ScanSettings()
    watch: WatchSettings = WatchSettings()
    pictures: PicturesSettings = PicturesSettings()
    read: ReadSettings = ReadSettings()
    journal: JournalSettings = JournalSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """The source of each value that is not the default, by key."""

    @classmethod
    def load(
        cls, home: Path, environ: Mapping[str, str], overrides: Mapping[str, Value] | None = None
    ) -> Settings:
        """The settings of a home. Reads one small file if it exists, and writes nothing.

        Args:
            home: The folder with ``config.toml``; neither needs to exist.
            environ: Environment variables, in which ``STRANDLINE_<SECTION>_<NAME>`` counts.
            overrides: Values from the program that opens the store, by key.

        Raises:
            ConfigError: The file cannot be read or is not TOML, a key is unknown, or a value has the wrong type or is
                out of bounds. Its facts are ``place`` and, if there is one, ``key``.
        """
        settings = cls()
        sections = {spec.section for spec in _known_settings().values()}
        for given in chain(
            iter_file(config_path(home)), iter_environment(environ, sections), iter_overrides(overrides or {})
        ):
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
        ConfigError: An empty path is given, or it begins with the ``~`` of an unknown user.
    """
    if given is not None and not os.fspath(given):
        raise ConfigError("the home is an empty path; give a folder, or leave it out", place="home")
    chosen = environ.get(HOME_VARIABLE) if given is None else given
    if not chosen:
        import platformdirs  # here: it costs every start-up 10 ms, and most tests and servers name their home

        return platformdirs.user_data_path("strandline", appauthor=False)
    try:
        return Path(chosen).expanduser().absolute()
    except RuntimeError as error:
        place = HOME_VARIABLE if given is None else "--home"
        raise ConfigError(f"{place}: {error} ({str(chosen)!r}); give the whole path", place=place) from error


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
            raise given.error(f"{given.key} is {value!r}; give {wanted}{otherwise}")
        return type(self.default)(value)  # an int for a float setting becomes a float

    def _find_fault(self, value: Any) -> str | None:
        """What the value should be, or None if it is valid."""
        if isinstance(self.default, str):
            return self.find_fault(value) if isinstance(value, str) else "a text in quotes"
        whole = isinstance(self.default, int)
        highest = self.at_most or (_LARGEST_INT if whole else _LONGEST_S)
        # bool is an int to Python; nan is in no range.
        is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if is_number and self.at_least <= value <= highest:
            return None
        return f"a {'whole ' * whole}number from {self.at_least} to {highest}"


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


def _get_spec(given: Given) -> _Spec:
    known = _known_settings()
    if given.key in known:
        return known[given.key]
    import difflib  # here: needed only after a mistake

    near = difflib.get_close_matches(given.key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "`strandline config show` lists all"
    raise given.error(f"there is no setting {given.key!r}; {hint}")
