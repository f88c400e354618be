"""Every meaning of an entry has its own words."""

from __future__ import annotations

from strandline.model.identity.sightings import IdentityRole
from strandline.model.meaning_words import MEANING_WORDS, say_meaning
from strandline.model.sync_names import NameKind


def test_every_meaning_has_words_of_its_own() -> None:
    """No two are called the same, and none is shown as a code."""
    kinds = {kind.value for kind in NameKind if kind is not NameKind.WANTED}
    roles = {f"identity: {role.value}" for role in IdentityRole}
    assert set(MEANING_WORDS) == kinds | roles | {"image", "media folder", "other"}
    assert len(set(MEANING_WORDS.values())) == len(MEANING_WORDS)
    assert not any(":" in say_meaning(meaning) or "-" in say_meaning(meaning) for meaning in MEANING_WORDS)
