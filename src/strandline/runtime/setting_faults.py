"""What the text of a setting must look like. Each check says what to give instead, or None if the text is fine."""

from __future__ import annotations

import re
from collections.abc import Callable

_ORIGIN = r"[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]-]+"
"""Scheme, host, and optional port, in lower case and without a path, as browsers send it."""


def find_fault_in_markdown(template: str) -> str | None:
    """A template for the Markdown of an image."""
    try:
        filled = template.format(stem="", filename="<filename>")
    except (ValueError, LookupError, AttributeError):
        filled = ""
    return None if "<filename>" in filled else "a text with {filename}, perhaps {stem}, and no other braces"


def one_of(*texts: str) -> Callable[[str], str | None]:
    """A check for one of these texts."""
    return lambda text: None if text in texts else f"one of {', '.join(texts)}"


def find_fault_in_origins(text: str) -> str | None:
    """Origins of other pages."""
    are_origins = all(re.fullmatch(_ORIGIN, origin) for origin in text.split())
    return None if are_origins else "origins such as https://example.org:8443, separated by blanks"


def find_fault_in_public_url(text: str) -> str | None:
    """The address of a server that has a proxy in front of it."""
    from strandline.model.public_address import find_public_address  # here: few servers have one

    is_url = find_public_address(text) is not None
    return None if is_url else "an address such as https://pics.lan/ or https://example.org/pics/"


def find_fault_in_base_path(text: str) -> str | None:
    """The path below which a proxy shows the server."""
    from strandline.model.public_address import find_base_path  # here: few servers have one

    is_path = find_base_path(text) is not None
    return None if is_path else "a path such as /pics/, made of letters, digits, '.', '_', '~', and '-'"
