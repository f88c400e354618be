"""The text that ``explain`` prints: what happened to an image, folder by folder, and what happens next."""

from __future__ import annotations

from strandline.cli.paragraphs import write_paragraph
from strandline.cli.wording import colour_of, say_state, say_time
from strandline.cli.writing import paint, write_line
from strandline.model.image_files import ImageFile, ProofKind
from strandline.model.plain_words import say_bytes, show_plainly
from strandline.model.reports import Explanation, StorageDirTrace
from strandline.model.state_words import VERDICT_TONES
from strandline.model.storage_dirs import StorageDirState

_PROOFS = {
    ProofKind.HASH: "its bytes hashed to the id",
    ProofKind.STRUCTURE: "its structure was whole",
    ProofKind.DECODED: "its structure was odd, and it decoded",
}


def show_explanation(explanation: Explanation) -> None:
    """Writes the whole trace in plain English."""
    colour = colour_of(VERDICT_TONES[explanation.verdict])
    summary = explanation.summary
    write_paragraph(summary[:1].upper() + summary[1:], colour=colour)
    for trace in explanation.sds:
        write_line()
        _show_trace(trace)
    if explanation.next:
        write_line()
        write_paragraph(f"What to do: {explanation.next}")


def _show_trace(trace: StorageDirTrace) -> None:
    sd = trace.sd
    write_line(f"In {paint(show_plainly(sd.name), bold=True)}  ({show_plainly(sd.path)})")
    if sd.state is not StorageDirState.ONLINE:
        reason = f": {sd.problem}" if sd.problem else ""
        write_paragraph(f"This storage directory is {sd.state.value}{reason}.".replace("..", "."), indent=2)
    for file in trace.catalog:
        write_paragraph(f"The catalog knows {sd.name_of(file.path)}: {_say_belief(file)}.", indent=2)
    for fact in trace.disk:
        write_paragraph(f"On the disk, {fact.filename}: {fact.message}.".replace("..", "."), indent=2)
    if not trace.catalog and not trace.disk:
        nothing = "Nothing here." if sd.is_reachable else "The catalog knows nothing about it here."
        write_paragraph(nothing, indent=2)


def _say_belief(file: ImageFile) -> str:
    words = [say_state(file).text]
    if file.stamp is not None:
        words.append(say_bytes(file.stamp.size_bytes))
    if file.proof is not None:
        lapsed = "" if file.proof_is_current else "; the file has changed since"
        words.append(f"{_PROOFS[file.proof.kind]} on {say_time(file.proof.proven_at)}{lapsed}")
    if file.absent_since is not None:
        words.append(f"not seen since {say_time(file.absent_since)}")
    return ", ".join(words)
