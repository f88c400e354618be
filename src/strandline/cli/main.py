"""The program ``strandline``: the table of its commands, and the boundary where errors become messages.

Every error ends here, as one line on stderr, as a JSON object if the user asked for JSON, and as an exit status.
No traceback reaches a terminal. An internal error is written to a file in the home, and the message names the file.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Sequence

import click

from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.lazy_commands import LazyGroup, Row
from strandline.cli.session import Session
from strandline.cli.writing import PROGRAM, drop_stdout, say, write_json, write_line
from strandline.errors import StrandlineError

COMPLETION_VARIABLE = "_STRANDLINE_COMPLETE"
"""Set by the shell's completion script when it asks for completions."""

COMMANDS = {
    "sd": Row("sd:sd", "Add, list, name, and move storage directories."),
    "save": Row("save:save", "Save images in a storage directory."),
    "ls": Row("facts:ls", "List images, newest first."),
    "get": Row("get:get", "Write an image's bytes to stdout or a file."),
    "path": Row("get:path", "Print the path of an image on this machine."),
    "data-url": Row("get:data_url", "Print an image as a data: URL."),
    "thumbnail": Row("get:thumbnail", "Write a small version of an image."),
    "exists": Row("exists:exists", "Check whether an image is here, by exit status."),
    "info": Row("facts:info", "Show what is known about an image."),
    "whereis": Row("facts:whereis", "List the files of an image."),
    "explain": Row("facts:explain", "Say why an image is shown or not, and what happens next."),
    "scan": Row("scan:scan", "Look for new, changed, and missing images."),
    "watch": Row("watch:watch", "Watch storage directories and print what happens."),
    "serve": Row("serve:serve", "Watch storage directories and serve the gallery and the API."),
    "inspect": Row("inspect:inspect", "Compare a storage directory with the catalog."),
    "doctor": Row("doctor:doctor", "Check whether this machine is healthy."),
    "config": Row("config:config", "Show settings and where they come from."),
    "catalog": Row("config:catalog", "Export what cannot be rebuilt from the folders."),
    "completion": Row("completion:completion", "Print the shell's completion script."),
}

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


def _show_version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from strandline import __version__

        write_line(f"{PROGRAM} {__version__}")
        context.exit()


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 done with findings, 2 wrong use, 3 internal error, 4 not found, 5 refused, "
    "6 try again, 7 wrong bytes, 8 disk or catalog error, 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def program(context: click.Context) -> None:
    """The image store for folders that sync themselves."""
    if context.invoked_subcommand is None:
        document = {"commands": {name: row.help for name, row in COMMANDS.items()}}
        context.ensure_object(Session).answer(document, lambda: write_line(WELCOME))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. Never raises and never prints a traceback.

    Without arguments, it uses those of the process.
    """
    session = Session()
    if arguments is None:
        arguments = sys.argv[1:]
        _report_faults_of_threads(session)
    _never_fail_to_encode()
    try:
        return _run_to_its_end(session, list(arguments))
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe, as with `| head`
        drop_stdout()
        return ExitStatus.DONE


def _run_to_its_end(session: Session, arguments: list[str]) -> int:
    try:
        return _run(session, arguments)
    except BrokenPipeError:
        raise
    except StrandlineError as error:
        status, message, document = exit_status_of(error), error.message, error.as_json()
    except click.ClickException as error:
        status, message = ExitStatus.INVALID, _say_usage(error)
        document = {"code": "usage", "message": message}
    except Exception as error:  # noqa: BLE001 - the boundary of a command
        from strandline.cli.faults import describe_fault, write_fault

        details = write_fault(error, session)
        status, message = ExitStatus.FAULT, describe_fault(error, details)
        document = {"code": "fault", "message": message, "details": None if details is None else str(details)}
    say(message)
    # Also search the arguments: the mistake may come before the option.
    if session.json or "--json" in arguments:
        write_json({"error": document})
    return status


def _run(session: Session, arguments: list[str]) -> int:
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(program, {"obj": session}, PROGRAM, COMPLETION_VARIABLE, instruction)
    try:
        with program.make_context(PROGRAM, arguments, obj=session) as context:
            return program.invoke(context) or ExitStatus.DONE
    except click.exceptions.Exit as end:
        return end.exit_code


def _say_usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    return f"{error.format_message().rstrip('.')}; `{command} --help` shows how"


def _report_faults_of_threads(session: Session) -> None:
    """Reports an error that ends a background thread like one that ends the command: one line, with details in a
    file.
    """

    def report(ended: threading.ExceptHookArgs) -> None:
        from strandline.cli.faults import describe_fault, write_fault

        if ended.exc_value is not None:
            say(describe_fault(ended.exc_value, write_fault(ended.exc_value, session)))

    threading.excepthook = report


def _never_fail_to_encode() -> None:
    """Escapes characters that the terminal's encoding lacks, instead of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
