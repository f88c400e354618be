"""Change notice: which names in which folders deserve a look now.

Three backends stand behind one protocol (:class:`~.folder_watcher.FolderWatcher`): inotify on Linux, watchdog
on macOS and Windows, polling where the system tells nothing. What surprises: nothing here is believed. A hint
says where to look, never what is there, and a backend that has lost track says so by asking for a listing.
"""

from strandline.runtime.change_notice.choose import MixedFolderWatcher, choose_folder_watcher
from strandline.runtime.change_notice.folder_watcher import FolderWatcher
from strandline.runtime.change_notice.hints import FolderGone, Hint, ListFolder, ListReason, LookAtNames

__all__ = [
    "FolderGone",
    "FolderWatcher",
    "Hint",
    "ListFolder",
    "ListReason",
    "LookAtNames",
    "MixedFolderWatcher",
    "choose_folder_watcher",
]
