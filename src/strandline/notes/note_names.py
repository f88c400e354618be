"""Which files are notes, by their names. Light: a watcher asks it about every name."""

from __future__ import annotations

MARKDOWN_EXTENSIONS = ("md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd")

NOTE_EXTENSIONS = (*MARKDOWN_EXTENSIONS, "canvas", "org")


def is_note_name(name: str) -> bool:
    """Whether a file of this name, or the last part of this path, is read as a note."""
    return "." in name and extension_of(name) in NOTE_EXTENSIONS


def extension_of(name: str) -> str:
    """What follows the last dot, in lower case."""
    return name.rpartition(".")[2].lower()
