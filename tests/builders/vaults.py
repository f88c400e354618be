"""Vaults with known answers: notes that refer to pictures in every form, and what a check must say about each."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

from builders.pictures import make_picture
from strandline.model.note_checks import CheckOptions, NoteCheck
from strandline.services.checking.check import check_path

TWO_DAYS_S = 2 * 24 * 3600


@cache
def make_small(seed: int = 0) -> bytes:
    """A whole PNG of a few bytes."""
    return make_picture("png", seed=seed, size=(2, 2))


@dataclass(frozen=True)
class Expected:
    """What a check must say about one reference."""

    kind: str
    """``found`` if it must say nothing."""
    note: str
    line: int
    column: int
    target: str


Writer = Callable[[str], tuple[str, str]]
"""From the path as the tool would write it, to the line of the note and the target in it."""

MARKDOWN_FORMS: dict[str, Writer] = {
    "inline": lambda path: (f"![]({quote(path)})", quote(path)),
    "angle": lambda path: (f'![a](<{path}> "t")', path),
    "title": lambda path: (f"![a]({quote(path)} 'a title')", quote(path)),
    "link": lambda path: (f"[see it]({quote(path)})", quote(path)),
    "fragment": lambda path: (f"![]({quote(path)}#outline)", f"{quote(path)}#outline"),
    "query": lambda path: (f"![]({quote(path)}?raw=true)", f"{quote(path)}?raw=true"),
    "html": lambda path: (f"<img width=3 src='{path}'>", path),
    "poster": lambda path: (f'<video poster="{path}"></video>', path),
    "source": lambda path: (f'<source srcset="{quote(path)} 2x">', quote(path)),
}
"""Paths are relative to the note."""

WIKI_FORMS: dict[str, Writer] = {
    "embed": lambda path: (f"![[{path}]]", path),
    "size": lambda path: (f"![[{path}|640x480]]", path),
    "wiki-link": lambda path: (f"[[{path}|see it]]", path),
    "part": lambda path: (f"![[{path}#part|alt|300]]", f"{path}#part"),
}
"""Paths are relative to the vault, or names alone."""

NO_REFERENCES = (
    "`![](nowhere.png)` and ``![[nowhere.png]]``",
    "```\n![](nowhere.png)\n```",
    "<!-- ![[nowhere.png]] -->",
    "%% ![](nowhere.png) %%",
    "Just nowhere.png, and [a note](other.md).",
    "![](https://example.org/nowhere.png)",
    "![](nowhere.pdf) ![[song.mp3]]",
)
"""Texts that a check must pass over."""

FOLDERS = ("", "img", "Study/attachments", "Ünïcode dir")
NAMES = ("x", "Pasted image 20250324100717", "a (1)", "Ärger", "100% sure", "IMG_1234", "собака", "日本橋")


@dataclass
class Vault:
    """A folder that grows, and what is expected of it."""

    root: Path
    expected: list[Expected] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)

    def put(self, path: str, data: bytes | None = None, *, seed: int = 0, age_s: float = 0) -> str:
        """Writes a file that was changed so long ago, by default a picture. Returns its path."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(make_small(seed) if data is None else data)
        changed_s = time.time() - age_s
        os.utime(file, (changed_s, changed_s))
        return path

    def write(self, note: str, text: str) -> None:
        """Appends a paragraph to a note."""
        self.lines.setdefault(note, []).extend([*text.split("\n"), ""])

    def refer(self, note: str, kind: str, form: Writer, path: str) -> None:
        """Appends a reference with a known answer, as a paragraph of its own."""
        text, target = form(path)
        line = len(self.lines.setdefault(note, [])) + 1
        self.write(note, text)
        self.expected.append(Expected(kind, note, line, 1, target))

    def save(self) -> None:
        """Writes the notes."""
        for note, lines in self.lines.items():
            self.put(note, "\n".join(lines).encode())

    def list_expected_findings(self) -> list[Expected]:
        """Without what was found, in the order of a report."""
        findings = [each for each in self.expected if each.kind != "found"]
        return sorted(findings, key=lambda each: (each.note, each.line, each.column))


def write_random_vault(root: Path, seed: int, references: int = 40) -> Vault:
    """A vault of Obsidian's in which each reference has a picture of its own, or none, or half of one."""
    chance = random.Random(seed)
    vault = Vault(root)
    (root / ".obsidian").mkdir(parents=True)
    for number in range(references):
        note = chance.choice(("Home.md", "Study/Exam questions.md", "Study/deep/n.markdown"))
        name = f"{chance.choice(NAMES)} {number}.{chance.choice(('png', 'PNG'))}"
        folder = chance.choice(FOLDERS)
        path = f"{folder}/{name}".lstrip("/")
        kind = chance.choice(("found", "found", "missing", "damaged", "arriving", "not-portable"))
        if kind != "missing":
            half = make_small()[:-9]
            data = {"damaged": half, "arriving": chance.choice((b"", half))}.get(kind)
            vault.put(path, data, age_s=TWO_DAYS_S if kind == "damaged" else 0)
        written = path.swapcase().swapcase() if kind != "not-portable" else path.replace(name, name.upper())
        if kind == "not-portable" and written == path:
            written = path.replace(name, name.lower())
        if chance.random() < 0.5:
            form = chance.choice(list(WIKI_FORMS.values()))
            wanted = chance.choice((written, written.rpartition("/")[2]))
            kind = "found" if kind == "not-portable" else kind  # Obsidian ignores letter case there
        else:
            form = chance.choice(list(MARKDOWN_FORMS.values()))
            up = "../" * note.count("/")
            wanted = up + written
        vault.refer(note, kind, form, wanted)
        vault.write(note, chance.choice(NO_REFERENCES))
    vault.save()
    return vault


def make_canvas(*files: str, texts: tuple[str, ...] = ()) -> bytes:
    """A canvas with a node for each file and each text."""
    nodes: list[dict[str, str]] = [
        {"id": f"f{at}", "type": "file", "file": each} for at, each in enumerate(files)
    ]
    nodes += [{"id": f"t{at}", "type": "text", "text": each} for at, each in enumerate(texts)]
    return json.dumps({"nodes": nodes, "edges": []}, indent="\t", ensure_ascii=False).encode()


PLAIN = CheckOptions()


def check(root: Path, path: str = "", options: CheckOptions = PLAIN) -> NoteCheck:
    """The report about a path in a folder."""
    return check_path(str(root / path), options, {})


def list_kinds(report: NoteCheck) -> list[tuple[str, str | None]]:
    """Kind and target (or file) of each finding."""
    return [(each.kind.value, each.target or each.file) for each in report.findings]
