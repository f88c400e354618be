"""Texts: Markdown made of any name, and settings made by hand."""

from __future__ import annotations

import tempfile
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

from strandline.errors import ConfigError
from strandline.model.markdown import format_markdown, stem_of
from strandline.runtime.settings import CONFIG_FILE, Settings

_READERS = [MarkdownIt("commonmark"), MarkdownIt("js-default", {"linkify": False})]


def check_markdown(data: bytes) -> None:
    """Whatever the name, readers see one image with the name as its text."""
    name = data.decode("utf-8", "replace")
    text = format_markdown("![{stem}](media/{filename})", "x.png", name)
    for reader in _READERS:
        for document in (text, f"before {text} after"):
            blocks = reader.parse(document)
            assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"]
            [image] = [child for child in blocks[1].children or () if child.type == "image"]
            assert image.attrs["src"] == "media/x.png"
            alt = RendererHTML().renderInlineAsText(image.children or [], reader.options, {})
            assert alt == stem_of(name)


_HOME = tempfile.TemporaryDirectory(prefix="strandline-fuzzing-")


def check_settings(data: bytes) -> None:
    """Any bytes as ``config.toml`` give settings of the right types, or the documented error."""
    path = Path(_HOME.name) / CONFIG_FILE
    path.write_bytes(data)
    try:
        settings = Settings.load(path.parent, {})
    except ConfigError:
        return
    for row in settings.iter_settings():
        assert type(row.value) is type(row.default)
