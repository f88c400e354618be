"""The names that sync clients give to the second version of a file, one pattern per client (hazards H12 and H23)."""

from __future__ import annotations

import os.path

DIALECTS = {
    "syncthing": "{stem}.sync-conflict-20261122-152736-V74P6II{ext}",
    "dropbox": "{stem} ({host}'s conflicted copy {day}){ext}",
    "dropbox, again": "{stem} ({host}'s conflicted copy {day}) ({n}){ext}",
    "dropbox, nobody": "{stem} (conflicted copy {day}){ext}",
    "dropbox, case": "{stem} (Case Conflict){ext}",
    "dropbox, unicode": "{stem} (Unicode Encoding Conflict){ext}",
    "dropbox, space": "{stem} (white space conflict){ext}",
    "dropbox, selective": "{stem} (Selective Sync Conflict {n}){ext}",
    "dropbox, view-only": "{stem} (view-only conflicts {day}){ext}",
    "dropbox, shared": "{stem} (shared folder conflict){ext}",
    "dropbox, de": "{stem} (In Konflikt stehende Kopie von {host} {day}){ext}",
    "dropbox, de, view-only": "{stem} (Schreibschutzkonflikte){ext}",
    "dropbox, fr": "{stem} (Copie en conflit de {host} {day}){ext}",
    "dropbox, es": "{stem} (Copia conflictiva de {host} {day}){ext}",
    "dropbox, es, other": "{stem} (copia en conflicto de {host} {day}){ext}",
    "dropbox, it": "{stem} (copia in conflitto di {host} {day}){ext}",
    "dropbox, sv": "{stem} (skiftlägeskonflikt){ext}",
    "dropbox, ja": "{stem} ({host} の競合コピー {day}){ext}",
    "dropbox, ja, other": "{stem} ({host}上の問題のあるコピー {day}){ext}",
    "maestral": "{stem} (conflicting copy {n}){ext}",
    "onedrive": "{stem}-{host}{ext}",
    "onedrive, numbered": "{stem}-{host}-{n}{ext}",
    "onedrive, piled up": "{stem}-{host}-{host}{ext}",
    "onedrive, linux": "{stem}-{host}-safeBackup-000{n}{ext}",
    "icloud": "{stem} {n}{ext}",
    "google drive": "{stem} ({n}){ext}",
    "nextcloud": "{stem} (conflicted copy {host} {day} 152736){ext}",
    "nextcloud, old": "{stem}_conflict-20261122-152736{ext}",
    "nextcloud, case": "{stem} (case clash from {day} 152736){ext}",
    "seafile": "{stem} (SFConflict {host} {day}-15-27-36){ext}",
    "seafile, case": "{stem} (case conflict {n}){ext}",
    "resilio": "{stem}.Conflict{n}{ext}",
    "resilio, piled up": "{stem}.Conflict.Conflict.Conflict{ext}",
    "rclone, old": "{stem}{ext}..path1",
    "rclone": "{stem}{ext}.conflict{n}",
    "rclone, before extension": "{stem}.conflict{n}{ext}",
    "unison": "{stem}{ext} (conflict_on_{day})",
    "git-annex": "{stem}.variant-0e7a{ext}",
    "obsidian": "{stem} (Conflicted copy {host} 202603121129){ext}",
    "pcloud": "{stem} [conflicted]{ext}",
    "syncplicity": "{stem} (edited by {host} on {host} @ {day}){ext}",
}
"""``stem`` and ``ext`` make up the name. ``host``, ``n``, and ``day`` are chosen by the client."""


def conflict_name(
    name: str, dialect: str, *, host: str = "pc", number: int = 1, day: str = "2026-11-22"
) -> str:
    """The name that such a client gives the other version of the file."""
    stem, ext = os.path.splitext(name)
    return DIALECTS[dialect].format(stem=stem, ext=ext, host=host, n=number, day=day)
