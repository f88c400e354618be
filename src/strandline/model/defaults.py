"""Defaults: each stands here once, and every room reads it here. Settings can change those that are limits."""

from __future__ import annotations

_MIB = 1 << 20
_GIB = 1 << 30

MARKDOWN = "![{stem}](media/{filename})"

MAX_IMAGE_BYTES = 2 * _GIB
"""No image of the supported types is this large in practice. A file that claims to be larger is not read."""
MAX_MEMORY_BYTES = 64 * _MIB
"""Up to this size a proof copy is in memory (SPEC §5). Larger ones are in an unnamed temporary file."""

MAX_ARCHIVE_BYTES = 200 * _GIB
"""Takeout's archives have at most 50."""
DOWNLOAD_TIMEOUT_S = 120.0
"""For one picture."""

IMAGES_PER_PART = 10_000
"""Of work that many machines share: a hundred million images are ten thousand parts, and one takes about a minute."""

SCAN_BATCH_FILES = 5_000

IO_TIMEOUT_S = 5.0
"""The cost of a slow or dead share, once (SPEC §5)."""
FETCH_TIMEOUT_S = 60.0

POLL_INTERVAL_S = 5.0
"""Between two listings of a small folder: short enough for people, and cheap enough for a share."""

MAX_PIXELS = 200_000_000
"""The largest phone sensors produce 200 million."""
DECODE_TIMEOUT_S = 20.0
"""For one picture. A HEIC of 12 million pixels takes a second on a slow machine."""

JOURNAL_MAX_EVENTS = 100_000
JOURNAL_MAX_DAYS = 30

TRASH_MAX_BYTES = 20 * _GIB
TRASH_GRACE_DAYS = 30
"""As long as people expect of a trash. Nothing leaves it earlier."""

IMAGES_PER_PAGE = 100
ENTRIES_PER_PAGE = 1000
"""Of a storage directory's tree."""
HEX_BYTES = 4096
"""Of a file in hex."""
TILE_SIZE = 400
"""The longer side: a tile of the gallery on a dense screen."""

MAX_PORT = 65_535
"""The highest port of TCP. A server would listen on a higher number's remainder, which nobody asked for."""

AUDIT_MAX_LINES = 100_000
"""Of the audit: some 20 MB."""

SCRATCH, SHARED_SCRATCH = "scratch", "scratch-shared"
"""The folders of a home for temporary files: of its own catalog, and of one that it shares. Notes there say which
temporaries in the folders of a catalog are this machine's, so the programs of another catalog must not remove them.
"""
