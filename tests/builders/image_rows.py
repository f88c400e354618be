"""Catalog rows drawn by hypothesis: every state, with a history that is possible in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof, ProofKind
from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.states import EXPECTED, HERE, Look, Seen

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHA256S = ("1" * 64, "2" * 64, "3" * 64)
CONTENT_ID = content_id_of(SHA256S[0])
LEGACY_ID = ImageId("6f1b2c3d-0000-4000-8000-000000000001")

times = st.timedeltas(timedelta(days=-3650), timedelta(days=3650)).map(lambda offset: NOW + offset)
spans = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.sampled_from([timedelta(seconds=s) for s in (0, 1, 2, 59, 60, 299, 300, 86_399, 86_400)]),
)
"""How much time passes. The thresholds of SPEC §6 come up often."""
stamps = st.builds(
    FileStamp,
    size_bytes=st.sampled_from([0, 1, 1000, 2**40]),
    mtime_ns=st.sampled_from([0, -1, 10**18, 4 * 10**18, 2**80]),
    inode=st.sampled_from([0, 7, 8]),
)
"""Only a few, so that two drawn ones are often equal, including mtimes that no clock has shown yet."""
image_ids = st.sampled_from([CONTENT_ID, LEGACY_ID])


@st.composite
def proofs(draw: st.DrawFn, image_id: ImageId, stamp: FileStamp | None) -> Proof | None:
    """A proof that such an image can have, current or lapsed, or none."""
    if draw(st.booleans()):
        return None
    if is_content_id(image_id):
        kind, sha256 = ProofKind.HASH, SHA256S[0]
    else:
        kind = draw(st.sampled_from([ProofKind.STRUCTURE, ProofKind.DECODED]))
        sha256 = draw(st.sampled_from(SHA256S))
    of = stamp if stamp is not None and draw(st.booleans()) else draw(stamps)
    wholes = st.sampled_from([None, True, False]) if kind is ProofKind.HASH else st.sampled_from([None, True])
    return Proof(kind, sha256, of, draw(times), draw(wholes))


@st.composite
def rows(draw: st.DrawFn, states: frozenset[FileState] = frozenset(FileState)) -> ImageFile:
    """A row in one of the states."""
    state = draw(st.sampled_from(sorted(states)))
    image_id = draw(image_ids)
    prior = None
    if state in (FileState.MISSING, FileState.ONLINE_ONLY):
        prior = draw(st.none() | st.sampled_from(sorted(HERE)))
    was_here = state is not FileState.ONLINE_ONLY or prior is not None
    stamp = draw(stamps) if was_here else draw(st.none() | stamps)
    first_seen = draw(times)
    absent = state is FileState.MISSING or (state in EXPECTED and draw(st.booleans()))
    row = ImageFile(
        sd=1,
        path=f"media/{image_id}.png",
        image_id=image_id,
        media_type="image/png",
        stamp=stamp,
        state=state,
        first_seen=first_seen,
        unchanged_since=first_seen + draw(spans),
        prior_state=prior,
        absent_since=draw(times) if absent else None,
        absence_accepted=absent and draw(st.booleans()),
    )
    never_proven = stamp is None or state in HERE - {FileState.PRESENT}
    return row if never_proven else replace(row, proof=draw(proofs(image_id, stamp)))


looks = st.builds(
    Look,
    stamp=stamps,
    sha256=st.sampled_from(SHA256S),
    media_type=st.sampled_from([None, "image/png", "image/heic"]),
    whole=st.booleans(),
    trailing_bytes=st.booleans(),
    open_ended=st.booleans(),
    decodes=st.sampled_from([None, True, False]),
    width=st.sampled_from([None, 64]),
)
seens = st.one_of(
    st.builds(Seen, stamps),
    st.builds(Seen, st.none() | stamps, online_only=st.just(True)),
)
