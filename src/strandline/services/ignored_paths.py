"""``.strandlineignore``: what a person wants to be left alone, in the syntax of ``.gitignore``."""

from __future__ import annotations

from strandline.model.ignored import IsIgnored


def parse_ignored(data: bytes) -> IsIgnored | None:
    """What the file says. None if it names nothing."""
    from pathspec import GitIgnoreSpec  # here: hardly any folder has such a file

    spec = GitIgnoreSpec.from_lines(data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").splitlines())
    return spec.match_file if any(pattern.include is not None for pattern in spec.patterns) else None
