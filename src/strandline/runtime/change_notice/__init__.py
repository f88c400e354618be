"""Change notice: which names in which folders should be looked at now.

Three backends implement one protocol (:class:`~.folder_watcher.FolderWatcher`): inotify on Linux, watchdog on macOS
and Windows, and polling where the system reports nothing. Nothing here is believed: a hint says where to look, never
what is there. A backend that has lost track asks for a listing.
"""

from strandline.runtime.change_notice.choose import MixedFolderWatcher, choose_folder_watcher
from strandline.runtime.change_notice.folder_watcher import FolderWatcher
from strandline.runtime.change_notice.hints import FolderGone, Hint, ListFolder, ListReason, LookAtNames
from strandline.runtime.change_notice.polling import plan_rest_s

__all__ = [
    "FolderGone",
    "FolderWatcher",
    "Hint",
    "ListFolder",
    "ListReason",
    "LookAtNames",
    "MixedFolderWatcher",
    "choose_folder_watcher",
    "plan_rest_s",
]
