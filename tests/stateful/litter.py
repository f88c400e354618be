"""Names that sync clients, systems and hostile people leave in a folder, with the bytes of a real picture."""

from __future__ import annotations

from stateful.pool import list_pictures, name_of_picture

_DATA = list_pictures()[-1]
_NAME = name_of_picture(len(list_pictures()) - 1)
_ID = _NAME.partition(".")[0]

LITTER: tuple[tuple[str, bytes], ...] = tuple(
    (name, _DATA)
    for name in (
        "media/.DS_Store",
        "media/Thumbs.db",
        f"media/._{_NAME}",
        f"media/.{_NAME}.AbC123",
        f"media/.syncthing.{_NAME}.tmp~",
        f"media/{_NAME}.12345678.partial",
        f"media/{_NAME}.!sync",
        f"media/{_NAME}~",
        f"media/{_ID[:31]}.png",
        f"media/{_ID}0.png",
        f"media/{_ID}.exe",
        f"media/{_ID}.png.exe",
        f"media/{_ID}",
        f"media/{_ID} .png",
        f"media/{_ID}.ſvg",
        f"media/{_ID}:1:2:3.png",
        f"media/{_ID}\n.png",
        "media/cafe\u0301.png",
        "media/caf\u00e9.png",
        "media/holiday.png",
        "media/-rf",
        "media/%2e%2e%2f.png",
        "media/<script>.svg",
        ".stignore",
        ".dropbox",
        "desktop.ini",
        "notes.md",
    )
)
"""Keys and bytes. All the bytes are those of a real picture."""
