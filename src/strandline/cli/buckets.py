"""``strandline sd probe``: what the server of a bucket guarantees."""

from __future__ import annotations

import click

from strandline.cli.arguments import sd_argument
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.writing import paint, write_line
from strandline.model.buckets import GUARANTEE_WORDS
from strandline.model.plain_words import show_plainly
from strandline.model.reports import ProbedStorageDir


@click.command("probe", cls=Verb)
@sd_argument
@click.option("--forget", is_flag=True, help="Forget what was seen before: the server was updated.")
@click.pass_obj
def probe(session: Session, sd: str, forget: bool) -> int:
    """Try what the server of a bucket guarantees.

    Servers of the S3 protocol differ. Some small objects are written below .strandline-try and deleted again. What
    was found is remembered, and decides what may be written there. With a shared catalog, the worst that any machine
    saw counts. It is 1 if a guarantee does not hold.
    """
    with session.open_store() as store:
        probed = store.probe_storage_dir(sd, forgets=forget)
    session.answer(probed.to_json(), lambda: _show(probed))
    return ExitStatus.FINDINGS if probed.guarantees.lacking else ExitStatus.DONE


def _show(probed: ProbedStorageDir) -> None:
    write_line(f"{paint(show_plainly(probed.sd.name), bold=True)}  ({show_plainly(probed.sd.path)})")
    for name in probed.guarantees.kept:
        write_line(f"  {paint('yes', 'green')}  {GUARANTEE_WORDS[name][0]}")
    for name in probed.guarantees.lacking:
        what, otherwise = GUARANTEE_WORDS[name]
        write_line(f"  {paint('no', 'red')}   {what}; so {otherwise}")
