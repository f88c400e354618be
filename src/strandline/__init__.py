"""Strandline, the image store for folders that sync themselves: ``from strandline import open_store``.

Names are loaded when they are first used, so importing the package costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.errors import ImageNotFoundError as ImageNotFoundError
    from strandline.errors import StrandlineError as StrandlineError
    from strandline.folders.proof_copies import CopyWriter as CopyWriter
    from strandline.model.events import Event as Event
    from strandline.model.image_files import FileState as FileState
    from strandline.model.image_files import ImageFile as ImageFile
    from strandline.model.image_ids import ImageId as ImageId
    from strandline.model.image_ids import parse_image_id as parse_image_id
    from strandline.model.reports import AddedStorageDir as AddedStorageDir
    from strandline.model.reports import Explanation as Explanation
    from strandline.model.reports import Finding as Finding
    from strandline.model.reports import ImageInfo as ImageInfo
    from strandline.model.reports import ImagePage as ImagePage
    from strandline.model.reports import Saved as Saved
    from strandline.model.reports import ScanReport as ScanReport
    from strandline.model.storage_dirs import StorageDir as StorageDir
    from strandline.model.sync_status import SyncStatus as SyncStatus
    from strandline.pictures.frozen import freeze_support as freeze_support
    from strandline.runtime.assembly import open_store as open_store
    from strandline.services.finding.found_image import FoundImage as FoundImage
    from strandline.store import Store as Store

__version__ = "0.1.0"

_HOMES = {
    "AddedStorageDir": "strandline.model.reports",
    "CopyWriter": "strandline.folders.proof_copies",
    "Event": "strandline.model.events",
    "Explanation": "strandline.model.reports",
    "FileState": "strandline.model.image_files",
    "Finding": "strandline.model.reports",
    "FoundImage": "strandline.services.finding.search",
    "ImageFile": "strandline.model.image_files",
    "ImageId": "strandline.model.image_ids",
    "ImageInfo": "strandline.model.reports",
    "ImageNotFoundError": "strandline.errors",
    "ImagePage": "strandline.model.reports",
    "Saved": "strandline.model.reports",
    "ScanReport": "strandline.model.reports",
    "StorageDir": "strandline.model.storage_dirs",
    "Store": "strandline.store",
    "StrandlineError": "strandline.errors",
    "SyncStatus": "strandline.model.sync_status",
    "freeze_support": "strandline.pictures.frozen",
    "open_store": "strandline.runtime.assembly",
    "parse_image_id": "strandline.model.image_ids",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
