"""The layout: what a name means, and the laws that connect its methods."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.image_ids import ImageId, content_id_of, is_content_id
from strandline.model.layout import ID_LAYOUT, NAMED_LAYOUT, Evidence, may_be_picture
from strandline.model.media_types import MEDIA_TYPES, MediaType
from strandline.model.sync_names import NameKind

image_ids = st.binary(min_size=16, max_size=16).map(bytes.hex).map(ImageId) | st.uuids().map(str).map(ImageId)
media_types = st.sampled_from(MEDIA_TYPES)
names = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=60)


@given(image_ids, media_types)
def test_a_new_name_means_what_it_was_made_of(image_id: ImageId, media_type: MediaType) -> None:
    """Law: the name for a new image splits into its id and type, and a probe for the image would find it."""
    name = ID_LAYOUT.name_for(image_id, media_type)
    assert ID_LAYOUT.split(name) == (image_id, media_type.name)
    assert name in ID_LAYOUT.candidates(image_id)
    assert ID_LAYOUT.explain(name).kind is NameKind.WANTED


@given(image_ids)
def test_every_candidate_is_a_name_of_the_image(image_id: ImageId) -> None:
    """Law: each candidate splits into the requested id, and none occurs twice."""
    candidates = ID_LAYOUT.candidates(image_id)
    assert {found[0] for name in candidates if (found := ID_LAYOUT.split(name))} == {image_id}
    assert (
        len(set(candidates))
        == len(candidates)
        == sum(ID_LAYOUT.split(name) is not None for name in candidates)
    )


@given(image_ids, media_types)
def test_other_spellings_are_names_of_the_image(image_id: ImageId, media_type: MediaType) -> None:
    """Law: each splits into id and type. They are few, and none is probed for twice if the id has a letter."""
    spellings = ID_LAYOUT.respell(image_id, media_type)
    assert {ID_LAYOUT.split(name) for name in spellings} == {(image_id, media_type.name)}
    assert len(spellings) == len(set(spellings)) <= 8
    if image_id.upper() != image_id:
        assert not set(spellings) & set(ID_LAYOUT.candidates(image_id))


@given(names)
def test_a_path_leads_back_to_its_name(name: str) -> None:
    """Law: path and name convert into each other, and no other folder contains images."""
    path = ID_LAYOUT.path_of(name)
    assert ID_LAYOUT.name_of(path) == ID_LAYOUT.find_name(path) == name
    assert path == f"{ID_LAYOUT.images_folder}/{name}"
    assert ID_LAYOUT.find_name(name) is None
    assert ID_LAYOUT.find_name(f"other/{name}") is None
    assert ID_LAYOUT.find_name(f"{ID_LAYOUT.images_folder}/deeper/{name}") is None


@given(names)
def test_a_name_is_an_image_exactly_if_it_splits(name: str) -> None:
    """Law: splitting and explaining agree on which names are images."""
    assert (ID_LAYOUT.split(name) is not None) == (ID_LAYOUT.explain(name).kind is NameKind.WANTED)


@given(image_ids)
def test_only_a_hash_proves_a_content_id(image_id: ImageId) -> None:
    """A content id needs its hash. A legacy id says nothing about the bytes, so it needs a whole image."""
    wanted = Evidence.HASH if is_content_id(image_id) else Evidence.STRUCTURE
    assert ID_LAYOUT.evidence_for(image_id) is wanted
    assert ID_LAYOUT.evidence_for(content_id_of("ab" * 32)) is Evidence.HASH


parts = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20)
paths = st.lists(parts, min_size=1, max_size=4).map("/".join) | st.sampled_from(
    [
        "a b/Pasted image 1.png",
        "x.JPG",
        ".hidden/x.png",
        ".x.png.icloud",
        "a/.x.png.icloud",
        "x.png",
        "a/.x.png",
    ]
)


@given(paths)
def test_a_named_picture_is_its_path(path: str) -> None:
    """Law: no method changes a path, and none says an id."""
    layout = NAMED_LAYOUT
    assert layout.path_of(path) == layout.name_of(path) == layout.find_name(path) == path
    found = layout.split(path)
    assert found is None or found[0] is None
    assert (found is not None) == (layout.explain(path).kind is NameKind.WANTED)
    stands_for = layout.explain(path).stands_for
    assert stands_for is None or layout.split(stands_for) is not None


@pytest.mark.parametrize(
    "path",
    [
        "x.png",
        "a/b/IMG_1234.HEIC",
        "image 1.jpeg",
        "Bild 2025\u202fuhr.png",
        "a:b.gif",
        "x.sync.webp",
        "café.svg",
    ],
)
def test_pictures_may_have_any_name(path: str) -> None:
    """Also one that no other system accepts."""
    assert NAMED_LAYOUT.split(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        ".png",
        "a/.png",
        ".x.png",
        "a/.x.png",
        ".git/x.png",
        "a/.b/x.png",
        "x.txt",
        "png",
        "x.png/y",
        "a\n.png",
        "\udcff.png",
    ],
)
def test_hidden_files_and_names_that_are_no_text_are_no_pictures(path: str) -> None:
    """Programs put half-written files under hidden names, and the catalog keeps text."""
    assert NAMED_LAYOUT.split(path) is None


@pytest.mark.parametrize(
    ("path", "stands_for"),
    [("a/.x.png.icloud", "a/x.png"), ("x.jpg.nextcloud", "x.jpg"), ("a/b/.syncthing.x.png.tmp", "a/b/x.png")],
)
def test_what_a_sync_client_made_stands_for_the_picture_beside_it(path: str, stands_for: str) -> None:
    """In the same folder."""
    assert NAMED_LAYOUT.explain(path).stands_for == stands_for
    assert may_be_picture(path.rpartition("/")[2])


@given(image_ids, media_types)
def test_bytes_alone_prove_a_named_picture(image_id: ImageId, media_type: MediaType) -> None:
    """Whatever the file was before."""
    assert NAMED_LAYOUT.evidence_for(image_id) is NAMED_LAYOUT.evidence_for(None) is Evidence.STRUCTURE
    assert NAMED_LAYOUT.candidates(image_id) == NAMED_LAYOUT.respell(image_id, media_type) == ()
    assert NAMED_LAYOUT.split(NAMED_LAYOUT.name_for(image_id, media_type)) == (None, media_type.name)
