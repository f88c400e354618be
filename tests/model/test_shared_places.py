"""A shared catalog has only places that every machine sees alike."""

from __future__ import annotations

import pytest

from strandline.model.shared_places import find_objection_to_sharing


@pytest.mark.parametrize("path", ["s3://pics/team", "s3://pics"])
def test_a_bucket_can_be_shared(path: str) -> None:
    """Its address means the same everywhere."""
    assert find_objection_to_sharing(path) is None


@pytest.mark.parametrize("path", ["/home/ann/Notes", "C:\\Notes", "relative", "", "s3:/x"])
def test_a_folder_cannot(path: str) -> None:
    """Whatever it looks like. The message says what to do instead."""
    objection = find_objection_to_sharing(path)
    assert objection is not None
    assert "`strandline --local sd add " in objection
