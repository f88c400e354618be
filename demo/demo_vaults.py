"""Builds the folders of notes that ``make demo`` and the pages in ``docs/howto`` show: an Obsidian vault, a Logseq
graph, and a site in MkDocs, with pictures under names that people and programs gave.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"

ESPRESSO = "Lisbon/espresso.jpg"
"""A picture of the vault that gets another name on another machine."""

LAUNCH = "assets/launch_1751200000001_0.jpg"
"""A picture of the graph that is deleted on another machine."""

SCREENSHOT = "docs/img/sign-in.png"
"""A picture of the site that somebody moves."""


def build_vault(base: Path) -> Path:
    """Makes ``Vault`` below ``base``, as Obsidian keeps it. One picture is missing."""
    vault = base / "Vault"
    _put(vault, "attachments/Pasted image 20260712101500.png", "strandline-mark.png", "2026-07-12")
    _put(vault, "attachments/cat on the windowsill.jpg", "chelsea-the-cat.jpg", "2026-07-08")
    _put(vault, "attachments/IMG_1234.HEIC", "raccoon.heic", "2026-06-20")
    _put(vault, "attachments/Grace Hopper.jpg", "grace-hopper.jpg", "2026-06-14")
    _put(vault, "attachments/Eileen Collins.webp", "eileen-collins.webp", "2026-06-14")
    _put(vault, ESPRESSO, "coffee.jpg", "2026-07-10")
    _write(vault, ".obsidian/app.json", '{"attachmentFolderPath": "attachments"}\n')
    _write(vault, "Index.md", "# Index\n\n![[Pasted image 20260712101500.png]]\n\n[[Cat]] [[Cafés]]\n")
    _write(
        vault, "Cat.md", "# The cat\n\n![[cat on the windowsill.jpg|300]]\n\nA visitor: ![[IMG_1234.HEIC]]\n"
    )
    _write(
        vault,
        "Lisbon/Cafés.md",
        "# Cafés\n\n![the first one](espresso.jpg)\n\nAnd the tram: ![[tram-28.jpg]]\n",
    )
    nodes = [
        {
            "id": str(at),
            "type": "file",
            "file": f"attachments/{name}",
            "x": 500 * at,
            "y": 0,
            "width": 400,
            "height": 500,
        }
        for at, name in enumerate(("Grace Hopper.jpg", "Eileen Collins.webp"))
    ]
    _write(vault, "Pioneers.canvas", json.dumps({"nodes": nodes, "edges": []}) + "\n")
    return vault


def rename_in_vault(vault: Path) -> None:
    """A plug-in on another machine gives a picture another name, and the note does not hear of it."""
    (vault / ESPRESSO).rename(vault / "attachments/espresso-1.jpg")


def build_graph(base: Path) -> Path:
    """Makes ``Graph`` below ``base``, as Logseq keeps it. One picture is missing."""
    graph = base / "Graph"
    _put(graph, "assets/image_1751200000000_0.jpg", "coffee.jpg", "2026-07-10")
    _put(graph, LAUNCH, "DSCOVR-LAUNCH.JPG", "2026-07-12")
    _put(graph, "assets/pioneers_1751200000002_0.webp", "eileen-collins.webp", "2026-07-01")
    _write(graph, "logseq/config.edn", '{:meta/version 1\n :preferred-format "Markdown"}\n')
    _write(
        graph,
        "journals/2026_07_12.md",
        "- We saw the launch\n  ![launch.jpg](../assets/launch_1751200000001_0.jpg){:height 450, :width 300}\n"
        "- Coffee at [[Lisbon]]\n  ![image.jpg](../assets/image_1751200000000_0.jpg)\n",
    )
    _write(graph, "pages/Lisbon.md", "- The tram\n  - ![tram.jpg](../assets/tram-28.jpg)\n")
    _write(
        graph,
        "whiteboards/Pioneers.edn",
        '{:blocks ({:block/properties {:logseq.tldraw.shape {:src "../assets/pioneers_1751200000002_0.webp"}}})}\n',
    )
    return graph


def delete_in_graph(graph: Path) -> None:
    """On another machine, somebody tidies up. Syncthing keeps the old version."""
    old = graph / ".stversions" / LAUNCH.replace("_0.jpg", "_0~20260714-140233.jpg")
    old.parent.mkdir(parents=True)
    (graph / LAUNCH).rename(old)


def build_site(base: Path) -> Path:
    """Makes ``Handbook``, a site in MkDocs, below ``base``. One picture is missing, one differs in case."""
    site = base / "Handbook"
    _put(site, "docs/img/Logo.svg", "strandline-shore.svg", "2026-05-03")
    _put(site, SCREENSHOT, "strandline-mark.png", "2026-05-03")
    _put(site, "docs/img/tide.gif", "tide.gif", "2026-05-20")
    _write(site, "mkdocs.yml", "site_name: Handbook\n")
    _write(site, "docs/index.md", "# Handbook\n\n![](img/logo.svg)\n\n![The tide comes in](img/tide.gif)\n")
    _write(
        site,
        "docs/guide/start.md",
        "# Start\n\n![The form](../img/sign-in.png)\n\nThen choose a folder:\n\n![](../img/folders.png)\n",
    )
    return site


def move_in_site(site: Path) -> None:
    """A colleague tidies up the pictures, and forgets a page."""
    moved = site / "docs/assets/sign-in.png"
    moved.parent.mkdir()
    (site / SCREENSHOT).rename(moved)


def _put(root: Path, path: str, picture: str, day: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((PICTURES / picture).read_bytes())
    time_s = datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC).timestamp()
    os.utime(target, (time_s, time_s))


def _write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
