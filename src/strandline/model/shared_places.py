"""Which places a catalog that many machines share may have: those that each of them sees alike."""

from __future__ import annotations

from collections.abc import Iterable

from strandline.model.buckets import is_bucket_address
from strandline.model.remedies import say_command


def find_objection_to_sharing(path: str) -> str | None:
    """Why a shared catalog cannot have this place; None if it can.

    A folder belongs to one machine. On another one, the same path is another folder or none, and its images would
    become missing there.
    """
    if is_bucket_address(path):
        return None
    return (
        f"{path} is a folder of this machine, and the catalog is shared with others (catalog.url): there, that path "
        "is another folder or none; add it to this machine's own catalog with "
        f"{say_command('--local', 'sd', 'add', path)}, or add a bucket"
    )


def list_objections(paths: Iterable[str]) -> list[str]:
    """Why a catalog with these places cannot become a shared one; empty if it can."""
    return [
        f"{path} is a folder of this machine, which a shared catalog cannot have; folders stay in this machine's own "
        f"catalog: with catalog.url set, {say_command('--local', 'sd', 'list')} lists them"
        for path in paths
        if not is_bucket_address(path)
    ]
