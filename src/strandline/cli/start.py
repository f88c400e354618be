"""Where the program starts: an import that Ctrl-C interrupts ends like a command that it interrupts.

Imports nothing at its top, so next to nothing happens before the first line that can be interrupted.
"""


def main() -> int:
    """Runs one command with the arguments of the process. Returns its exit status."""
    try:
        from strandline.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        return 130  # as in exit_status, which may not be there yet
