"""What the program says if it is given no command: its help, its version, and where to start.

They need no parser, so they do not wait for click, whose import takes longer than all the rest. The root group of the
commands shows the same help (:func:`format_help`). Its layout is click's, to the byte, and a test compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from strandline import __version__
from strandline.cli.writing import PROGRAM, get_width

VERSION = f"{PROGRAM} {__version__}"
USAGE = f"Usage: {PROGRAM} [OPTIONS] [COMMAND] [ARGS]..."
PURPOSE = "The image store for folders that sync themselves."

COMPLETION_VARIABLE = "_STRANDLINE_COMPLETE"
"""Set by the shell's completion script when it asks for completions."""

NARROWEST = 50
"""Columns of help. Like click, help leaves two of the terminal's columns free, and overflows a narrower terminal."""


class Row(NamedTuple):
    """Where a command is, and what it does."""

    place: str
    """``module:attribute`` below ``strandline.cli``."""
    help: str


OPTIONS = {
    "--version": "Show the version and exit.",
    "--json": "Answer with one JSON document on stdout.",
    "--home DIR": "Where the catalog, settings, and caches are. [env: STRANDLINE_HOME]",
    "--local": "Use this machine's own catalog, even if catalog.url names a shared one.",
    "-h, --help": "Show this message and exit.",
}

COMMANDS = {
    "sd": Row("sd:sd", "Add, list, name, and move storage directories."),
    "save": Row("save:save", "Save images in a storage directory."),
    "import": Row("importing:import_", "Import pictures from folders, ZIP archives, and addresses."),
    "ls": Row("ls:ls", "List images, newest first."),
    "get": Row("get:get", "Write an image's bytes to stdout or a file."),
    "path": Row("get:path", "Print the path of an image on this machine."),
    "data-url": Row("get:data_url", "Print an image as a data: URL."),
    "thumbnail": Row("get:thumbnail", "Write a small version of an image."),
    "export": Row("export:export", "Copy images to a folder or a ZIP archive, with a contact sheet."),
    "exists": Row("exists:exists", "Check whether an image is here, by exit status."),
    "info": Row("facts:info", "Show what is known about an image."),
    "whereis": Row("facts:whereis", "List the files of an image."),
    "explain": Row("facts:explain", "Say why an image is shown or not, and what happens next."),
    "scan": Row("scan:scan", "Look for new, changed, and missing images."),
    "watch": Row("watch:watch", "Watch storage directories and print what happens."),
    "serve": Row("serve:serve", "Watch storage directories and serve the gallery and the API."),
    "sign-in": Row("sign_in:sign_in", "Make a link that signs a browser in to the running server."),
    "audit": Row("audit:audit", "List who changed what through a server."),
    "token": Row("sign_in:token", "Show the server's token, and make others with fewer rights."),
    "inspect": Row("inspect:inspect", "Compare a storage directory with the catalog."),
    "check": Row("check:check", "Check the pictures that notes refer to."),
    "put-back": Row("put_back:put_back", "Put back pictures that notes miss."),
    "verify": Row("verify:verify", "Read all images again, find what went bad, and heal it."),
    "copy": Row("copying:copy", "Copy images to another storage directory."),
    "move": Row("copying:move", "Move images to another storage directory."),
    "wanted": Row("rescue:wanted", "List the files that are missing or damaged."),
    "rescue": Row("rescue:rescue", "Bring back what is missing or damaged from any folder."),
    "provide": Row("rescue:provide", "Collect what another machine wants."),
    "conflicts": Row("conflicts:conflicts", "List and resolve conflict copies."),
    "delete": Row("deleting:delete", "Move images to the trash of this machine."),
    "trash": Row("deleting:trash", "List, restore, and empty the trash."),
    "work": Row("work:work", "Do work that many machines share."),
    "status": Row("status:status", "Say in one sentence whether all is well."),
    "duplicates": Row("duplicates:duplicates", "List files with the same bytes, and the space they take."),
    "unused": Row("unused:unused", "List pictures that no note names."),
    "collect": Row("unused:collect", "Move pictures to the trash that no note has named for long."),
    "doctor": Row("doctor:doctor", "Check whether this machine is healthy."),
    "config": Row("config:config", "Show and change settings."),
    "catalog": Row("config:catalog", "Export and import what cannot be rebuilt from the folders."),
    "help": Row("help:help_", "Show the help of a command."),
    "completion": Row("completion:completion", "Print the shell's completion script."),
}

EXIT_STATUSES = (
    "Exit status: 0 done, 1 done with findings, 2 wrong use, 3 internal error, 4 not found, 5 refused, "
    "6 try again, 7 wrong bytes, 8 disk or catalog error, 130 interrupted."
)

WELCOME = """\
Strandline looks after the images in your synced folders: it finds them, checks them, and explains them.

Start here:
  strandline sd add ~/Dropbox/Notes           add a folder that something else keeps in sync
  strandline save photo.jpg --sd Notes        save a picture there; prints the Markdown to paste
  strandline ls                               see what is there
  strandline inspect                          compare the folder with the catalog
  strandline explain ID                       find out why a picture does not show
  strandline watch                            see pictures arrive
  strandline serve --open                     all of it in a browser

strandline --help lists all commands. strandline COMMAND --help explains one."""


def find_overview(arguments: Sequence[str]) -> str | None:
    """The answer to ``--help``, ``--version``, or nothing. None if the arguments say anything else."""
    if os.environ.get(COMPLETION_VARIABLE):
        return None
    match arguments:
        case []:
            return WELCOME
        case ["-h" | "--help"]:
            return format_help(max(NARROWEST, get_width() - 2))
        case ["--version"]:
            return VERSION
    return None


def format_help(width: int) -> str:
    """The help of the program, in lines of at most ``width`` columns."""
    commands = {name: row.help for name, row in COMMANDS.items()}
    parts = [
        [USAGE],
        _wrap(PURPOSE, width),
        ["Options:", *_list_terms(OPTIONS, width)],
        ["Commands:", *_list_terms(commands, width)],
        _wrap(EXIT_STATUSES, width),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts)


def _list_terms(terms: Mapping[str, str], width: int) -> list[str]:
    """Two columns, the second one wrapped."""
    column = max(map(len, terms)) + 2
    lines: list[str] = []
    for term, meaning in terms.items():
        first, *others = _wrap(meaning, max(width - column - 2, 10), indent="")
        lines += [f"  {term:<{column}}{first}", *(f"  {'':<{column}}{other}" for other in others)]
    return lines


def _wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    from textwrap import wrap

    return wrap(text, width, initial_indent=indent, subsequent_indent=indent)
