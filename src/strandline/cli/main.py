"""The program ``strandline``: the boundary where errors become messages.

Every error ends here, as one line on stderr, as a JSON object if the user asked for JSON, and as an exit status.
No traceback reaches a terminal. An internal error is written to a file in the home, and the message names the file.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.garbage import put_off_collecting
from strandline.cli.overview import find_overview
from strandline.cli.session import Session
from strandline.cli.writing import ListEndedError, drop_stdout, say, write_json, write_plain_line
from strandline.errors import StrandlineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. Never raises and never prints a traceback.

    Without arguments, it uses those of the process.
    """
    _never_fail_to_encode()
    try:
        if arguments is None:
            return _run_to_its_end(sys.argv[1:], is_process=True)
        return _run_to_its_end(list(arguments), is_process=False)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe, as with `| head`
        drop_stdout()
        return ExitStatus.DONE


def _run_to_its_end(arguments: list[str], *, is_process: bool) -> int:
    session = Session()
    try:
        overview = find_overview(arguments)
        if overview is not None:
            write_plain_line(overview)
            return ExitStatus.DONE
        if is_process:
            put_off_collecting()
            _report_faults_of_threads(session)
        from strandline.cli.program import run_program

        return run_program(session, arguments)
    except BrokenPipeError:
        raise
    except StrandlineError as error:
        status, document = exit_status_of(error), error.to_json()
    except ListEndedError as ended:
        say(ended.error.message)
        return exit_status_of(ended.error)
    except Exception as error:  # noqa: BLE001 - the boundary of a command
        from strandline.cli.faults import describe_failure

        status, document = describe_failure(error, session)
    say(str(document["message"]))
    # Also search the arguments: the mistake may come before the option.
    if session.json or "--json" in arguments:
        try:
            write_json({"error": document})
        except StrandlineError as refused:  # stdout takes nothing; the line above has said what it was about
            say(refused.message)
    return status


def _report_faults_of_threads(session: Session) -> None:
    """Reports an error that ends a background thread like one that ends the command: one line, with details in a
    file.
    """
    import threading

    def report(ended: threading.ExceptHookArgs) -> None:
        from strandline.cli.faults import report_fault

        if ended.exc_value is not None:
            say(str(report_fault(ended.exc_value, session)["message"]))

    threading.excepthook = report


def _never_fail_to_encode() -> None:
    """Escapes characters that the terminal's encoding lacks, instead of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
