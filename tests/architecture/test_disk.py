"""Only ``folders/`` accesses paths of a storage directory. All other uses of a disk are listed here with their
reasons.

The test reads the syntax tree, so names decide: a use is a name of ``os`` or of a module that opens files, or a
method that only paths have. A call under another name is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "strandline"

OWN_DISK = ("folders", "catalog", "pictures", "model")
"""The rooms for it; the catalog's own file; decoders and their cache; and rooms that import-linter keeps pure."""

HARMLESS = {
    "os": {
        "PathLike", "cpu_count", "environ", "fsdecode", "fsencode", "fspath", "getpid", "getppid", "name", "path",
        "pardir", "pathsep", "sep", "strerror",
    },
    "os.path": {
        "abspath", "basename", "dirname", "expanduser", "isabs", "join", "normpath", "relpath", "splitdrive",
        "splitext",
    },
}  # fmt: skip
"""Names of these modules that access no file. All others do, or may."""

OPENING_MODULES = {"fcntl", "glob", "shutil", "tempfile"}

PATH_METHODS = {
    "chmod", "exists", "glob", "hardlink_to", "is_dir", "is_fifo", "is_file", "is_mount", "is_socket", "is_symlink",
    "iterdir", "lchmod", "lstat", "mkdir", "owner", "read_bytes", "read_text", "readlink", "resolve", "rglob",
    "rmdir", "samefile", "stat", "symlink_to", "touch", "unlink", "walk", "write_bytes", "write_text",
}  # fmt: skip
OTHERS_HAVE_THEM_TOO = {"exists": 0, "open": None, "rename": 1, "replace": 1, "resolve": 0}
"""Methods that belong to a path if they get this many arguments (None: any number). ``store.exists(id)``,
``copy.open()``, ``text.replace(a, b)``, and ``resolver.resolve(note, reference)`` do not.
"""

FOR_ALL = {"disk_errors", "port", "proof_copies"}
"""Modules of ``folders/`` that every room may import: the port, errors for refusals, and bytes that were read."""

MAY_USE: dict[str, tuple[str, set[str]]] = {
    "cli/check.py": ("an earlier check that a person names", {"open"}),
    "cli/arguments.py": ("a list of ids, or a picture, that a person gives", {"open", "os.path.isfile"}),
    "cli/faults.py": (
        "the report of an internal error, in the home; whether the current folder is there",
        {".mkdir", ".write_text", "os.getcwd", "tempfile"},
    ),
    "cli/get.py": ("where a person wants several images written", {".is_dir"}),
    "cli/output_files.py": (
        "where a person wants an answer written",
        {
            "folders.export_folder", "folders.saving", "open", "os.dup", "os.get_inheritable",
            "os.path.isdir", "os.path.realpath", "os.stat",
        },
    ),
    "cli/undoing.py": (
        "lists of what to undo, in the home",
        {".glob", ".mkdir", ".open", ".unlink"},
    ),
    "cli/log.py": ("whether standard error is the journal", {"os.fstat"}),
    "cli/interrupts.py": ("standard error, while a signal is handled", {"os.write"}),
    "cli/targets.py": (
        "in which storage directory a given file or note is",
        {"os.path.exists", "os.path.realpath"},
    ),
    "cli/session.py": ("whether there is a catalog in the home", {"os.path.exists"}),
    "cli/sign_in.py": ("the address of the running server, which is no file", {".open"}),
    "cli/sources.py": (
        "the files and folders that a person wants saved",
        {".is_dir", "folders.picture_folders"},
    ),
    "cli/writing.py": (
        "standard output, and the width of the terminal",
        {"open", "os.O_WRONLY", "os.close", "os.devnull", "os.dup2", "os.getcwd", "os.open", "shutil"},
    ),
    "runtime/assembly.py": (
        "the folders that the home is in; the limits that all places share",
        {"folders.time_limits", "os.path.lexists", "os.path.realpath"},
    ),
    "runtime/change_notice/folder_watcher.py": ("change notice, a port of its own: a thread a place", {".lstat"}),
    "runtime/change_notice/inotify.py": (
        "the system's change notice",
        {"os.EFD_CLOEXEC", "os.EFD_NONBLOCK", "os.close", "os.eventfd", "os.eventfd_read", "os.eventfd_write"},
    ),
    "runtime/change_notice/snapshots.py": ("polling, on the thread of its place", {".stat", "os.scandir"}),
    "runtime/change_notice/watchdog.py": ("the system's change notice", {"os.path.realpath"}),
    "runtime/health.py": (
        "the home, and the system's limits in /proc",
        {".read_text", "os.fstat", "os.path.realpath", "tempfile"},
    ),
    "cli/verify.py": ("the backup that a person names", {"os.path.isdir"}),
    "runtime/local_folders.py": ("whether the home has a catalog", {".stat"}),
    "runtime/home.py": (
        "the home and what is in it",
        {
            "os.close", "os.O_CREAT", ".mkdir", "os.O_WRONLY", "os.scandir", ".lstat", "os.geteuid", "os.open",
            ".chmod", "os.O_EXCL", ".exists", ".is_dir", ".stat", "os.chown", "os.fwalk", "os.path.realpath",
            "os.stat",
        },
    ),
    "runtime/process_lock.py": (
        "the lock of the home",
        {"fcntl", "os.O_CREAT", "os.O_RDWR", "os.close", "os.open"},
    ),
    "runtime/setting_edits.py": (
        "the settings in the home",
        {".mkdir", ".read_text", "folders.saving", "os.path.realpath"},
    ),
    "runtime/setting_sources.py": ("the settings in the home", {".read_text"}),
    "runtime/sign_in.py": (
        "links, ended sessions, and the server's address in the home",
        {
            ".exists", ".iterdir", ".mkdir", ".read_text", ".replace", ".unlink", "os.O_CREAT", "os.O_EXCL",
            "os.O_WRONLY", "os.fdopen", "os.open",
        },
    ),
    "runtime/web_secrets.py": (
        "the secrets in the home",
        {
            ".read_text", ".replace", ".unlink", "os.O_CREAT", "os.O_EXCL", "os.O_WRONLY", "os.fdopen", "os.link",
            "os.open",
        },
    ),
    "services/checking/reading.py": ("the folder that a person wants checked", {"folders.file_tree"}),
    "services/checking/note_tree.py": ("the same", {"folders.file_tree"}),
    "services/checking/picture_state.py": ("the same", {"folders.file_tree"}),
    "services/checking/stand_ins.py": ("the same", {"folders.file_tree"}),
    "services/checking/unchanged.py": ("the same", {"folders.file_tree"}),
    "services/checking/roots.py": ("the same", {"folders.file_tree", "os.stat"}),
    "services/collecting/usage.py": ("the texts of storage directories", {"folders.file_tree"}),
    "services/checking/check.py": ("how a disk spells a path that a person gives", {"folders.file_tree"}),
    "services/finding/by_name.py": (
        "the note, or the picture, that a person names",
        {"folders.file_tree", "os.path.isdir"},
    ),
    "services/finding/named_places.py": ("how a disk spells a path that a person gives", {"folders.file_tree"}),
    "services/importing/sources.py": (
        "the folders and archives that a person wants imported",
        {"folders.archives", "folders.picture_folders"},
    ),
    "services/saving/put_back.py": ("what other programs keep in a folder that was checked", {"folders.file_tree"}),
    "services/rescuing/provide.py": (
        "the folder or ZIP file that a person wants",
        {".open", "folders.opened_folders", "tempfile"},
    ),
    "services/exporting/export_images.py": (
        "where a person wants images exported to",
        {"folders.export_folder", "os.path.isdir", "os.path.realpath"},
    ),
    "services/scanning/last_scans.py": (
        "the times of the last scans, in the home",
        {".mkdir", ".open", ".read_text", ".stat", ".touch", "os.utime"},
    ),
    "services/storage_dirs/suitable.py": ("where the user's home is", {"os.path.realpath"}),
    "services/saving/intake.py": ("the file that a person wants saved", {".open", "os.fstat", "os.path.islink"}),
    "services/saving/save_named.py": ("whether the file that a person wants saved is there", {"os.path.realpath"}),
    "services/saving/tidy.py": ("the scratch folder of the home", {".iterdir", "folders.temporaries"}),
    "services/storage_dirs/paths.py": (
        "the home, which must be in no storage directory; a folder that a person wants made; the current folder",
        {"folders.opened_folders", "os.getcwd", "os.path.realpath"},
    ),
    "services/trashing/trash.py": (
        "the trash in the home",
        {
            ".iterdir", ".lstat", ".mkdir", ".rmdir", ".unlink", "folders.opened_folders", "folders.opening",
            "folders.saving", "os.listdir", "os.path.isdir", "os.path.isfile", "os.path.lexists",
        },
    ),
    "services/workbench.py": (
        "the one spot that makes a folder's port",
        {
            "folders.buckets.calls", "folders.buckets.client", "folders.buckets.folder",
            "folders.buckets.small_objects", "folders.filesystems", "folders.local", "folders.odd_names",
            "folders.time_limits", "folders.timed_calls",
        },
    ),
    "web/pages/rendering.py": ("our own styles", {".read_text"}),
}  # fmt: skip
"""Other uses of a disk: which, and how. Only those of the change notice touch storage directories: each place has a
thread there that may hang with its disk and holds up nobody else, so these calls have no time limit.
"""


def find_uses(text: str) -> set[str]:
    """How a module uses the disk, and which modules of ``folders/`` it imports."""
    return {use for node in ast.walk(ast.parse(text)) for use in _iter_uses(node)}


def _iter_uses(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in OPENING_MODULES)
        yield from (alias.name for alias in node.names if alias.name.startswith("strandline.folders"))
    elif isinstance(node, ast.ImportFrom):
        yield from _iter_imported(node)
    elif isinstance(node, ast.Attribute):
        module = ast.unparse(node.value)
        if module in HARMLESS and node.attr not in HARMLESS[module]:
            yield f"{module}.{node.attr}"
    elif isinstance(node, ast.Call):
        yield from _iter_called(node)


def _iter_imported(node: ast.ImportFrom) -> Iterator[str]:
    module, names = node.module or "", {alias.name for alias in node.names}
    if module in OPENING_MODULES:
        yield module
    elif module in HARMLESS:
        yield from (f"{module}.{name}" for name in names - HARMLESS[module])
    elif module == "strandline.folders":
        yield from (f"folders.{name}" for name in names - FOR_ALL)
    elif module.startswith("strandline.folders.") and module.split(".")[2] not in FOR_ALL:
        yield module.removeprefix("strandline.")


def _iter_called(node: ast.Call) -> Iterator[str]:
    called, arguments = node.func, len(node.args)
    if isinstance(called, ast.Name) and called.id == "open":
        yield "open"
    elif isinstance(called, ast.Attribute):
        name, owner = called.attr, ast.unparse(called.value)
        is_of_paths = name in PATH_METHODS
        if name in OTHERS_HAVE_THEM_TOO:
            wanted = OTHERS_HAVE_THEM_TOO[name]
            is_of_paths = bool(node.args) if wanted is None else arguments == wanted and not node.keywords
        if is_of_paths and owner not in HARMLESS:
            yield f".{name}"


def list_modules() -> dict[str, str]:
    """The text of each module without a disk of its own, by path."""
    paths = {path.relative_to(SOURCE): path for path in SOURCE.rglob("*.py")}
    return {
        name.as_posix(): path.read_text() for name, path in paths.items() if name.parts[0] not in OWN_DISK
    }


def test_only_the_port_touches_storage_directories() -> None:
    """A module outside ``folders/`` uses a ``Folder``. A module that accesses another disk is listed, and does
    only that.
    """
    found = {name: uses for name, text in list_modules().items() if (uses := find_uses(text))}
    assert found == {name: uses for name, (_, uses) in MAY_USE.items()}


def test_only_a_layout_says_what_names_mean() -> None:
    """A module outside ``model/`` and ``folders/`` asks the layout of a folder, and parses no name of an image."""
    assert [name for name, text in list_modules().items() if "strandline.model.media_names" in text] == []


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("open(path)", "open"),
        ("with open(path, 'rb') as file: pass", "open"),
        ("os.open(path, os.O_RDONLY)", "os.open"),
        ("os.stat(path)", "os.stat"),
        ("for entry in os.scandir(path): pass", "os.scandir"),
        ("look = os.lstat", "os.lstat"),
        ("os.path.exists(path)", "os.path.exists"),
        ("from os import lstat", "os.lstat"),
        ("from os.path import islink", "os.path.islink"),
        ("Path(sd.path, 'media').exists()", ".exists"),
        ("path.open('rb')", ".open"),
        ("path.lstat().st_mode", ".lstat"),
        ("[each for each in path.iterdir()]", ".iterdir"),
        ("path.replace(target)", ".replace"),
        ("path.rename(target)", ".rename"),
        ("path.unlink(missing_ok=True)", ".unlink"),
        ("import shutil", "shutil"),
        ("from tempfile import TemporaryFile", "tempfile"),
        ("from strandline.folders.media_folder import probe_names", "folders.media_folder"),
        ("from strandline.folders import opening", "folders.opening"),
        ("def f():\n    from strandline.folders.local import LocalFolder", "folders.local"),
        ("import strandline.folders.local", "strandline.folders.local"),
    ],
)
def test_a_use_of_the_disk_is_seen(line: str, use: str) -> None:
    """In each form, so a service with such a line fails the test above."""
    assert use in find_uses(line)


def test_what_looks_alike_is_none() -> None:
    """Names of our own, of texts, and of values."""
    harmless = (
        "store.exists(image_id); copy.open(); text.replace('a', 'b'); replace(row, stamp=stamp); now.replace(hour=1)",
        "os.fspath(path); os.path.join(a, b); path.name; opened.stat",
        "from strandline.folders.port import Folder\nfrom strandline.folders import port",
    )
    assert [find_uses(text) for text in harmless] == [set()] * len(harmless)
