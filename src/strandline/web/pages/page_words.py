"""Messages on pages: where a message names a command, the page names its own button or place. Pure.

Messages are written for every face, and many end with a command. A person in a browser has no command line at hand.
"""

from __future__ import annotations

import re

from strandline.model.plain_words import show_plainly


def _command(words: str) -> str:
    """A command as ``model/remedies`` quotes it."""
    return rf"`(?:strandline )?{words}`"


_NEW_IDENTITY = _command("sd add [^`]*?--new-identity[^`]*?")
_PRESS = "press “Give it a new identity” on the Folders page"

_ACCEPT = _command("sd accept-missing[^`]*?")
_SHORT = r"`(?:sd |catalog |config |inspect |scan|serve|watch|save|get|exists|ls|explain)[^`]*`"
_ANY = rf"(?:`strandline\s[^`]*`|{_SHORT})"

COMMANDS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (
            rf"(?:run|use) {_command('sd confirm[^`]*?')}",
            "press “Confirm” on the Folders page",
        ),
        (rf"(?:run|use) {_NEW_IDENTITY}(?: or {_NEW_IDENTITY})?", _PRESS),
        (rf"or (?:use )?{_NEW_IDENTITY}", f"or {_PRESS}"),
        (_command("sd confirm[^`]*?"), "“Confirm” on the Folders page"),
        (_NEW_IDENTITY, "“Give it a new identity” on the Folders page"),
        (
            rf"run {_ACCEPT}(?: or {_ACCEPT})* after the next scan",
            "accept that on the Folders page after the next scan",
        ),
        (rf"[Tt]o bring it back, run {_command('trash restore[^`]*?')}", "To bring it back, press “Restore”"),
        (
            rf"If they are, run {_command('verify --repair')}",
            "If this machine has them, a button below puts them in place",
        ),
        (rf"{_command('trash empty')} removes", "emptying the trash removes"),
        (r"; say from which with --sd, which can be given more than once", ""),
        (rf"(?:run|use) {_ACCEPT}", "accept that on the Folders page"),
        (rf"see {_command('sd [^`]*?')}", "see the Folders page"),
        (rf"see {_command('inspect[^`]*?')}", "see the inspector"),
        (rf"(?:run|use) {_command('sd move[^`]*?')}", "set its new path on the Folders page"),
        (rf"(?:run|again:) {_command('sd add[^`]*?')}", "add it on the Folders page"),
        (rf"(?:with|use|by) {_command('sd (?:add|move|rename)[^`]*?')}", "on the Folders page"),
        (rf"{_command('sd add[^`]*?')}", "add it on the Folders page"),
        (rf"(?:run )?{_command('sd forget[^`]*?')}", "forget it"),
        (rf"{_command('sd show[^`]*?')}(?: or {_command('sd show[^`]*?')})*", "The Folders page"),
        (
            rf"to copy them into its media folder, run {_command('save [^`]*?')}",
            "to copy them into its media folder, press “Take them in” in the inspector",
        ),
        (
            rf"To bring the image back, run {_command('save [^`]*?')}",
            "To bring the image back, drop that file into the gallery",
        ),
        (rf"run {_command('save [^`]*?')}", "drop them into the gallery"),
        (rf"{_command('put-back[^`]*?')} copies", "“Put back” copies"),
        (rf"; {_command('put-back[^`]*?')} also looks in trashes and old versions", ""),
        (rf"{_command('put-back[^`]*?')}", "“Put back” in the inspector"),
        (r"\bwith --read-only\b", "as read-only"),
        (rf"{_command('save [^`]*?')} takes them in", "drop them into the gallery to save them here"),
        (r"\bchoose another home with --home or STRANDLINE_HOME", "add another folder"),
        (rf" \({_command('explain[^`]*?')}\)", ""),
        (rf"{_command('doctor')}", "the log"),
        (rf"{_command('config show')} lists all", "the handbook lists all"),
        (rf"\b(?:run|use|see) {_ANY}(?: or {_ANY})*", "use Strandline’s command line"),
        (_ANY, "Strandline"),
    )
)
"""Commands as messages quote them, and what a page says instead. The last one catches those that have no place."""


def say_on_page(text: str) -> str:
    """The message without commands and without characters that act."""
    for pattern, words in COMMANDS:
        text = pattern.sub(words, text)
    return show_plainly(text)
