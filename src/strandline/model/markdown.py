"""The Markdown that shows a saved image, whatever the image was called.

A file name can be anything, and it is put into somebody's journal. So the name must stay the alt text of one image:
it can neither end it nor start anything else. Not every mark is escaped: ``IMG_1234`` stays as it is, because an
underscore between letters or digits starts nothing.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_MARKS = re.compile(r"[\\`*\[\]<>&!~|$]|_(?![^\W_])|(?<![^\W_])_")
"""Characters that could end the alt text, or start code, HTML, an entity, emphasis, a table cell, or a formula."""

_WINDOWS_PATH = re.compile(r"[A-Za-z]:\\|\\\\")


def format_markdown(template: str, filename: str, original_name: str) -> str:
    """Fills the template: ``{filename}``, and ``{stem}``, the original name without folder and extension.

    Law: whatever the name, a CommonMark reader sees one image whose alt text is the name's printable characters.
    """
    return template.format(stem=_MARKS.sub(r"\\\g<0>", stem_of(original_name)), filename=filename)


def format_named_markdown(path: str, original_name: str, note: str | None = None) -> str:
    """The Markdown that shows a named picture, from a note in the root of its folder, or from the one with this path.
    The link is percent-encoded.
    """
    link = path if note is None else relate_path(path, note)
    return format_markdown("![{stem}]({filename})", quote(link), original_name)


def relate_path(path: str, note: str) -> str:
    """The path as a note refers to it: from the note's own folder, with ``..`` for each folder up."""
    parts, above = path.split("/"), note.split("/")[:-1]
    shared = 0
    while shared < min(len(parts) - 1, len(above)) and parts[shared] == above[shared]:
        shared += 1
    return "/".join([".."] * (len(above) - shared) + parts[shared:])


def stem_of(original_name: str) -> str:
    """The name without folder and extension, on one line. Characters that cannot be printed become spaces."""
    is_windows_path = _WINDOWS_PATH.match(original_name)  # elsewhere, a backslash is a part of the name
    name = re.split(r"[/\\]" if is_windows_path else "/", original_name)[-1]
    stem = name.rpartition(".")[0] or name
    if not stem.isprintable():
        stem = "".join(letter if letter.isprintable() else " " for letter in stem)
    return " ".join(stem.split())
