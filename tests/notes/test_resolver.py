"""The resolver: which file a reference means, by the rules of each profile."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.model.portable_names import explain_refused, fold_path
from strandline.notes.file_index import FileIndex, count_shared_folders, normalize_path
from strandline.notes.profiles import PROFILES, Scope, find_scope, list_scopes
from strandline.notes.references import Form, Reference
from strandline.notes.resolver import Resolved, Resolver, Verdict

FILES = (
    "assets/logseq.png", "img/x.png", "Study/img/x.png", "Study/y.png", "static/img/s.png", "docs/assets/d.png",
    "vault/assets/images/v.png", "root.png", "page/inside.png", "ä/ß.png",
)  # fmt: skip


def resolve(
    profile: str, note: str, destination: str, form: Form = Form.MARKDOWN, files: Sequence[str] = FILES
) -> Resolved:
    """The answer for one reference in a tree of one scope."""
    resolver = Resolver(FileIndex(files), lambda _paths: False, lambda _path: False)
    reference = Reference(form, destination, destination, 1, 1)
    return resolver.resolve(note, reference, Scope("", PROFILES[profile]))


@pytest.mark.parametrize(
    ("profile", "note", "destination", "path"),
    [
        ("plain", "Study/n.md", "y.png", "Study/y.png"),
        ("plain", "Study/n.md", "./img/x.png", "Study/img/x.png"),
        ("plain", "Study/n.md", "../img/x.png", "img/x.png"),
        ("plain", "Study/n.md", "/root.png", "root.png"),
        ("plain", "Study/n.md", "/img/s.png", "static/img/s.png"),
        ("plain", "n.md", "%C3%A4/%C3%9F.png", "ä/ß.png"),
        ("obsidian", "n.md", "y.png", "Study/y.png"),
        ("obsidian", "Study/n.md", "x.png", "Study/img/x.png"),
        ("obsidian", "Study/n.md", "img/x.png", "Study/img/x.png"),
        ("obsidian", "deep/er/n.md", "img/x.png", "img/x.png"),
        ("obsidian", "Study/n.md", "../../img/x.png", "img/x.png"),
        ("obsidian", "Study/n.md", "/Study/y.png", "Study/y.png"),
        ("logseq", "pages/n.md", "../assets/logseq.png", "assets/logseq.png"),
        ("logseq", "n.md", "../assets/logseq.png", "assets/logseq.png"),
        ("logseq", "pages/n.md", "/assets/logseq.png", "assets/logseq.png"),
        ("logseq", "pages/n.md", "assets/logseq.png", "assets/logseq.png"),
        ("foam", "Study/n.md", "/img/x.png", "img/x.png"),
        ("dendron", "vault/n.md", "/assets/images/v.png", "vault/assets/images/v.png"),
        ("mkdocs", "docs/n.md", "assets/d.png", "docs/assets/d.png"),
        ("mkdocs", "docs/n.md", "/assets/d.png", "docs/assets/d.png"),
        ("docusaurus", "docs/n.mdx", "/img/s.png", "static/img/s.png"),
        ("docusaurus", "docs/n.mdx", "@site/static/img/s.png", "static/img/s.png"),
        ("hugo", "content/p/index.md", "/img/s.png", "static/img/s.png"),
        ("hugo", "page.md", "inside.png", "page/inside.png"),
        ("jekyll", "_posts/n.md", "../../static/img/s.png", "static/img/s.png"),
    ],
)
def test_each_tool_finds_what_it_finds(profile: str, note: str, destination: str, path: str) -> None:
    """As documented by the tool, or seen in its source."""
    assert resolve(profile, note, destination) == Resolved(Verdict.FOUND, path)


@pytest.mark.parametrize(
    ("profile", "note", "destination", "verdict"),
    [
        ("plain", "n.md", "y.png", Verdict.MISPLACED),
        ("plain", "n.md", "nowhere.png", Verdict.MISSING),
        ("plain", "n.md", "../x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "/nowhere/x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "/img/nowhere.png", Verdict.MISSING),
        ("plain", "n.md", "https://example.org/x.png", Verdict.REMOTE),
        ("plain", "n.md", "//example.org/x.png", Verdict.REMOTE),
        ("plain", "n.md", "file:///x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "C:\\x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "attachment:x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "${base}/x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "%USERPROFILE%/x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "%DATA%/x.png", Verdict.OUTSIDE),
        ("plain", "n.md", "%DATA%abc.png", Verdict.OUTSIDE),
        ("plain", "n.md", "%D0%BA%D0%BE.png", Verdict.MISSING),
        ("obsidian", "Study/n.md", "other/x.png", Verdict.MISPLACED),
        ("obsidian", "Study/n.md", "./x.png", Verdict.MISPLACED),
        ("obsidian", "n.md", "../nowhere.png", Verdict.OUTSIDE),
        ("logseq", "pages/n.md", "/nowhere/tree.png", Verdict.MISSING),
        ("hugo", "content/n.md", "/nowhere.png", Verdict.OUTSIDE),
        ("docusaurus", "docs/n.md", "@theme/x.png", Verdict.OUTSIDE),
    ],
)
def test_what_is_not_there_is_told_apart(profile: str, note: str, destination: str, verdict: Verdict) -> None:
    """What nobody can know from here is outside, never missing."""
    assert resolve(profile, note, destination).verdict is verdict


@pytest.mark.parametrize(
    ("form", "destination", "path"),
    [
        (Form.WIKI, "Study/gone.png", "Study/gone.png"),
        (Form.WIKI, "Study/y.jpg", "Study/y.jpg"),
        (Form.WIKI, "img/gone.png", "img/gone.png"),
        (Form.WIKI, "New/gone.png", "New/gone.png"),
        (Form.WIKI, "gone.png", "Study/gone.png"),
        (Form.WIKI, "docs/x.png", "docs/x.png"),  # there is one elsewhere, where nothing looks
        (Form.MARKDOWN, "Study/gone.png", "Study/gone.png"),
        (Form.MARKDOWN, "img/gone.png", "Study/img/gone.png"),
        (Form.MARKDOWN, "New/gone.png", "Study/New/gone.png"),
        (Form.MARKDOWN, "gone.png", "Study/gone.png"),
    ],
)
def test_an_absent_picture_is_due_where_its_folder_is(form: Form, destination: str, path: str) -> None:
    """No folder is told twice over, as in ``Study/Study/gone.png``."""
    assert resolve("obsidian", "Study/n.md", destination, form).path == path


@given(name=st.text(st.characters(exclude_categories=["C"], exclude_characters="/"), min_size=1))
@example("собака")
@example("日本橋")
@example(unicodedata.normalize("NFD", "Übung"))
@example("100%ABC%")
@example("{{name}} ${x}")
@example("Figure:1")
def test_any_name_is_found_by_its_escapes(name: str) -> None:
    """Law: whatever a picture is called, the percent escapes of its path mean it. They never lead outside."""
    path = f"P/{name}.png"
    for destination in {quote(path), quote(path, safe="/:{}$")}:
        assert resolve("plain", "n/x.md", f"../{destination}", files=[path]) == Resolved(Verdict.FOUND, path)


@pytest.mark.parametrize("name", ["{base}.png", "{{ x }}.png", "%USERPROFILE%.png", "Figure:1.png"])
def test_what_looks_like_a_program_may_be_a_name(name: str) -> None:
    """It means the file if one is called so. Otherwise, nobody knows what it means."""
    assert resolve("plain", "n.md", name, files=[name]) == Resolved(Verdict.FOUND, name)
    assert resolve("plain", "n.md", name, files=[]).verdict is Verdict.OUTSIDE


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("file:C:/Users/me/x.png", None), ("file:$HOME/q.png", "$HOME/q.png"), ("fig:a.png", "fig:a.png"),
        ("file:img/$USER/q.png", "img/$USER/q.png"), ("zotero:a.png", "zotero:a.png"), ("file:/q.png", "q.png"),
        ("/img/q.png", "img/q.png"), ("file:///q.png", "q.png"), ("file://host/q.png", "host/q.png"),
        ("file:fig:a.png", "fig:a.png"), ("file:~/q.png", None), ("~/q.png", None), ("file:\\\\host\\q.png", None),
    ],
)  # fmt: skip
def test_only_emacs_knows_some_places_of_org(target: str, name: str | None) -> None:
    """Drives, variables, abbreviations, other schemes, and paths from the root of the machine are outside, unless a
    file is called so.
    """
    assert resolve("plain", "n.org", target, Form.ORG).verdict is Verdict.OUTSIDE
    if name is not None:
        assert resolve("plain", "n.org", target, Form.ORG, [name]) == Resolved(Verdict.FOUND, name)


def test_files_of_org_are_still_missing() -> None:
    """With and without ``file:``, and with colons and dollars elsewhere."""
    for target in ("file:x.png", "./x.png", "file:./fig:a.png", "file:a$b.png", "file:x.png::3"):
        assert resolve("plain", "n.org", target, Form.ORG, []).verdict is Verdict.MISSING, target
    assert resolve("plain", "n.org", "https://example.org/x.png", Form.ORG).verdict is Verdict.REMOTE


def test_letters_that_cannot_be_read_mean_nothing() -> None:
    """A note in Latin-1 may mean the file that is there."""
    for form in (Form.MARKDOWN, Form.WIKI, Form.HTML, Form.ORG, Form.FRONT_MATTER):
        assert resolve("obsidian", "n.md", "caf\ufffd.png", form, ["café.png"]).verdict is Verdict.OUTSIDE
    assert resolve("plain", "n.md", "a\ufffd.png", files=["a\ufffd.png"]).verdict is Verdict.FOUND


def test_wiki_links_are_not_decoded() -> None:
    """A percent sign is a letter of the name. ``#`` ends it, ``?`` does not."""
    files = ("a/b%20c.png", "d?.png")
    assert resolve("plain", "n.md", "b%20c.png#part", Form.WIKI, files).path == "a/b%20c.png"
    assert resolve("plain", "n.md", "d?.png", Form.WIKI, files).path == "d?.png"
    assert resolve("plain", "n.md", "b c.png", Form.WIKI, files).verdict is Verdict.MISSING


@given(st.lists(st.sampled_from(["a", "b", "Ä", "c d"]), max_size=4), st.sampled_from(sorted(PROFILES)))
def test_a_path_from_the_note_is_always_found(folders: list[str], profile: str) -> None:
    """Law: whatever the profile, a relative path that leads to a file means a file of that name."""
    path = "/".join([*folders, "x.png"])
    resolved = resolve(profile, "Study/n.md", f"../{path}", files=(path, "Study/z.png"))
    assert resolved == Resolved(Verdict.FOUND, path)


@given(st.lists(st.text("ab./", max_size=6), max_size=4).map("/".join))
def test_a_normal_path_stays_below_the_root(path: str) -> None:
    """Law: it has no ``.`` or ``..``, and normalizing again changes nothing."""
    normal = normalize_path(path)
    stopped = normalize_path(path, stops=True)
    assert stopped is not None
    assert normal in (None, stopped)
    assert not {".", ".."} & set(stopped.split("/"))
    assert normalize_path(stopped) == stopped


@given(st.text(max_size=12))
def test_folding_is_idempotent(text: str) -> None:
    """Law: a folded path folds to itself."""
    assert fold_path(fold_path(text)) == fold_path(text)


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("a/b c.png", False), ("Ärger 😀.png", False), ("console.png", False), ("a:b.png", True), ("x?.png", True),
        ("con.png", True), ("a/Aux/x.png", True), ("LPT1.svg", True), ("dir./x.png", True), ("dir /x.png", True),
        ("a\\b.png", True), ("a\tb.png", True), ("é" * 130 + ".png", True),
    ],
)  # fmt: skip
def test_names_that_are_refused(path: str, refused: bool) -> None:
    """By the rules of Windows and Android."""
    assert (explain_refused(path) is not None) == refused


def test_the_innermost_scope_counts() -> None:
    """A folder with a sign of its own, however deep."""
    scopes = list_scopes(
        ["mkdocs.yml", "vaults/one/.obsidian", "graph/logseq/config.edn", "other/logseq.txt"]
    )
    assert [
        find_scope(scopes, note).profile.name for note in ("n.md", "vaults/one/a/n.md", "graph/pages/n.md")
    ] == [
        "mkdocs",
        "obsidian",
        "logseq",
    ]


def test_shared_folders_count_from_the_root() -> None:
    """Equal names farther down do not."""
    assert [count_shared_folders(one, "a/b/c") for one in ("a/b", "a/x/c", "x/b/c", "")] == [2, 1, 0, 0]
