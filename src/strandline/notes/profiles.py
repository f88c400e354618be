"""Profiles: the rules of the tools that notes are written for, and how a tree shows which tool it is.

A tree may have several: a folder with a sign of its own is a *scope* of its own, and its notes follow its rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from strandline.model.values import dataclass
from strandline.notes.file_index import folder_of, name_of
from strandline.notes.references import Form

_ALL = frozenset(Form)
_WIKI = frozenset({Form.WIKI, Form.FRONT_MATTER})


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one tool. Folders are relative to the scope; ``""`` is the scope itself."""

    name: str
    title: str
    """For people."""
    roots: tuple[str, ...] = ("",)
    """Where a destination that begins with ``/`` is looked for."""
    also_from: tuple[str, ...] = ()
    """Where a relative destination is looked for if it is not beside the note."""
    by_suffix: frozenset[Form] = _WIKI
    """Forms that find a file in any folder if its path ends like the destination."""
    ignores_dots: bool = False
    """``./`` and ``../`` at the beginning mean nothing, or nothing that can be known here."""
    stops_at_root: bool = False
    """``..`` above the scope means the scope itself."""
    owns_root: bool = False
    """``/`` is the scope itself, and no place that only a site knows."""
    not_shown: frozenset[str] = frozenset()
    """Extensions of pictures that the tool only leads to if a note embeds them."""
    ignores_case: bool = False
    """Wiki links find a file whatever its letter case, and whether its name is composed or decomposed (Unicode form
    NFC, NFD), on every system.
    """
    has_pages: bool = False
    """A note becomes a page with a folder of its own, and HTML is relative to that."""


PLAIN = Profile("plain", "plain Markdown", ("", "static", "public", "docs"))
OBSIDIAN = Profile(
    "obsidian",
    "Obsidian",
    also_from=("",),
    by_suffix=_ALL,
    stops_at_root=True,
    # Its help lists what it shows ("Accepted file formats"). Chromium shows none of these either.
    not_shown=frozenset({"heic", "heif", "jxl", "tif", "tiff"}),
    # Also on Linux (jackyzha0/quartz#2316, flowershow/flowershow#712); paths are in NFC in its index
    # (oflisback/obsidian-bridge.nvim#43), as its normalizePath makes them.
    ignores_case=True,
)
LOGSEQ = Profile("logseq", "Logseq", also_from=("",), by_suffix=_ALL, ignores_dots=True, owns_root=True)
FOAM = Profile("foam", "Foam", ignores_case=True)
DENDRON = Profile("dendron", "Dendron", by_suffix=_ALL, ignores_dots=True)
MKDOCS = Profile("mkdocs", "MkDocs", ("docs", ""), has_pages=True)
DOCUSAURUS = Profile("docusaurus", "Docusaurus", ("static", ""), also_from=("static", ""), has_pages=True)
HUGO = Profile(
    "hugo", "Hugo", ("static", "assets", "content", ""), by_suffix=_ALL, ignores_dots=True, has_pages=True
)
JEKYLL = Profile("jekyll", "Jekyll", by_suffix=_ALL, ignores_dots=True, has_pages=True)
VUE = Profile("vitepress", "VitePress or VuePress", ("public", "docs/public", ""), has_pages=True)

PROFILES = {
    each.name: each
    for each in (PLAIN, OBSIDIAN, LOGSEQ, FOAM, DENDRON, MKDOCS, DOCUSAURUS, HUGO, JEKYLL, VUE)
}

_SIGNS: tuple[tuple[re.Pattern[str], Profile], ...] = tuple(
    (re.compile(rf"(?:(?P<scope>.*)/)?(?:{sign})"), profile)
    for sign, profile in (
        (r"\.obsidian", OBSIDIAN),
        (r"logseq/config\.edn", LOGSEQ),
        (r"dendron\.yml", DENDRON),
        (r"\.foam", FOAM),
        (r"mkdocs\.ya?ml", MKDOCS),
        (r"docusaurus\.config\.[cm]?[jt]s", DOCUSAURUS),
        (r"hugo\.(?:toml|ya?ml|json)", HUGO),
        (r"_config\.ya?ml", JEKYLL),
        (r"\.vitepress|\.vuepress", VUE),
    )
)
_SIGN_NAMES = re.compile(
    r"\.obsidian|config\.edn|dendron\.yml|\.foam|mkdocs\.ya?ml|docusaurus\.config\.[cm]?[jt]s"
    r"|hugo\.(?:toml|ya?ml|json)|_config\.ya?ml|\.vitepress|\.vuepress"
)

ANCHORS = (
    ".obsidian", ".git", "logseq/config.edn", "dendron.yml", ".foam", "mkdocs.yml", "mkdocs.yaml", "hugo.toml",
    "hugo.yaml", "_config.yml", "docusaurus.config.js", "docusaurus.config.ts", ".vitepress", ".vuepress", "SD_ID",
)  # fmt: skip
"""Paths in a folder that make it the root from which references are resolved."""


def is_sign(name: str) -> bool:
    """Whether a file or folder of this name may show which tool a folder belongs to."""
    return _SIGN_NAMES.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """A folder whose notes follow one profile."""

    folder: str
    """Relative to the root; empty for the root itself."""
    profile: Profile

    def contains(self, path: str) -> bool:
        """Whether the path is below the scope."""
        return not self.folder or path.startswith(self.folder + "/")

    def join(self, folder: str, path: str) -> str:
        """A path in a folder of the scope, relative to the root."""
        return "/".join(part for part in (self.folder, folder, path) if part)


def list_scopes(signs: Iterable[str], profile: Profile | None = None) -> list[Scope]:
    """The scopes of a tree, the innermost first. The last one is the root.

    Args:
        signs: Paths whose names are signs (:func:`is_sign`), relative to the root.
        profile: The profile of the root, if a person chose it. Then there is no other scope.
    """
    if profile is not None:
        return [Scope("", profile)]
    found: dict[str, Profile] = {}
    for pattern, each in _SIGNS:  # the first sign of a folder wins
        for path in signs:
            if match := pattern.fullmatch(path):
                found.setdefault(match["scope"] or "", each)
    found.setdefault("", PLAIN)
    scopes = [Scope(folder, each) for folder, each in found.items()]
    return sorted(scopes, key=lambda scope: (-len(scope.folder), scope.folder))


_DOCS_DIR = re.compile(r"(?m)^docs_dir:[ \t]*[\"']?([^\s\"'#]+)")


def read_docs_dir(config: str) -> str | None:
    """The folder of the pages, as ``mkdocs.yml`` names it."""
    found = _DOCS_DIR.search(config)
    return found[1].strip("/").removeprefix("./") if found else None


def with_docs_dir(profile: Profile, docs_dir: str) -> Profile:
    """The same rules with another folder of pages."""
    return replace(profile, roots=(docs_dir, ""))


def find_scope(scopes: list[Scope], note: str) -> Scope:
    """The innermost scope that contains the note."""
    for scope in scopes:  # asked once for each reference, so no generator
        if scope.contains(note):
            return scope
    raise LookupError(note)


def list_page_folders(note: str) -> tuple[str, str]:
    """The folder of a note, and the folder of its page if a site gives it one."""
    folder, name = folder_of(note), name_of(note).partition(".")[0]
    page = folder if name.lower() in ("index", "readme", "_index") else f"{folder}/{name}".lstrip("/")
    return folder, page
