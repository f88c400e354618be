"""A check of whole folders: what was put there is what it finds, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.vaults import Expected, Vault, check, list_kinds, make_canvas, make_small, write_random_vault
from strandline.errors import InvalidPathError, SourceNotFoundError
from strandline.model.note_checks import CheckOptions
from strandline.services.checking import note_tree


@pytest.mark.parametrize("seed", range(12))
def test_what_was_built_is_what_is_found(tmp_path: Path, seed: int) -> None:
    """Every form, in every state, with its line and column; code, comments, and web addresses are passed over."""
    vault = write_random_vault(tmp_path / "Vault", seed)
    report = check(vault.root)
    found = [
        Expected(each.kind.value, each.note or "", each.line or 0, each.column or 0, each.target or "")
        for each in report.findings
    ]
    assert found == vault.list_expected_findings()
    assert report.profile == "obsidian"
    assert not report.unread


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_add_up(tmp_path: Path, seed: int) -> None:
    """Each reference is counted once."""
    report = check(write_random_vault(tmp_path / "Vault", seed).root)
    counted = sum(report.counts.values()) + report.not_checked.remote
    assert counted == report.references == 40 + report.not_checked.remote


def test_a_misplaced_picture_is_told_from_a_missing_one(vault: Vault) -> None:
    """A file of that name is elsewhere: the finding names it."""
    vault.put("img/x.png")
    vault.put("note.md", b"![](x.png) ![](y.png)")
    misplaced, missing = check(vault.root).findings
    assert (misplaced.kind, misplaced.candidates) == ("misplaced", ("img/x.png",))
    assert (missing.kind, missing.candidates, missing.file) == ("missing", (), "y.png")


def test_the_nearest_of_several_is_meant(vault: Vault) -> None:
    """The one that shares most folders with the note. Equal bytes are no finding, other bytes are one."""
    for path, seed in (("a/i/x.png", 0), ("b/i/x.png", 1), ("a/j/y.png", 2), ("b/j/y.png", 2)):
        vault.put(path, seed=seed)
    vault.put("a/note.md", b"![[x.png]]")
    vault.put("note.md", b"![[x.png]] ![[y.png]]")
    (finding,) = check(vault.root).findings
    assert (finding.kind, finding.note, finding.target) == ("ambiguous", "note.md", "x.png")
    assert finding.candidates == ("a/i/x.png", "b/i/x.png")


@pytest.mark.parametrize(
    ("written", "actual", "why"),
    [
        ("img/X.png", "img/x.PNG", "letter case"),
        ("%C3%A9.png", "e\u0301.png", "Unicode form"),
        ("a%20b.png", "a\u202fb.png", "blanks"),
        ("img\\x.png", "img/x.png", "backslash"),
    ],
)
def test_what_works_here_only(vault: Vault, written: str, actual: str, why: str) -> None:
    """Found, but not on every system: a warning, no error."""
    vault.put(actual)
    vault.put("note.md", f"![](<{written}>)".encode())
    report = check(vault.root)
    (finding,) = report.findings
    assert (finding.kind, finding.file) == ("not-portable", actual)
    assert why in finding.message
    assert not report.has_errors


@pytest.mark.parametrize(
    ("written", "actual", "kinds"),
    [
        ("upper.png", "UPPER.PNG", []),
        ("img/x.png", "deep/IMG/X.png", []),
        ("\u00e9.png", "img/e\u0301.png", []),
        ("e\u0301.png", "\u00e9.png", ["not-portable"]),
        ("a b.png", "a\u202fb.png", ["not-portable"]),
    ],
)
def test_obsidian_finds_wiki_links_in_any_letter_case(
    vault: Vault, written: str, actual: str, kinds: list[str]
) -> None:
    """On every system, so that is no finding. Jekyll does not."""
    vault.put(actual)
    vault.put("note.md", f"![[{written}]] [[{written}|so]]".encode())
    assert {finding.kind.value for finding in check(vault.root).findings} == set(kinds)
    (vault.root / "_config.yml").write_text("title: a site")
    assert {finding.kind.value for finding in check(vault.root).findings} == {"not-portable"}


def test_two_files_that_differ_in_letter_case_are_ambiguous(vault: Vault) -> None:
    """If neither is the one that is written, and their bytes differ."""
    vault.put("X.png", seed=1)
    vault.put("x.PNG", seed=2)
    vault.put("note.md", b"![[x.png]]")
    assert list_kinds(check(vault.root)) == [("ambiguous", "x.png")]


def test_blanks_that_only_typora_takes(vault: Vault) -> None:
    """The picture is there, but CommonMark shows none."""
    vault.put("a b.png")
    vault.put("note.md", b"![](a b.png)")
    assert list_kinds(check(vault.root)) == [("not-portable", "a b.png")]


@pytest.mark.parametrize(
    "target", ["../x.png", "../../x.png", "file:///home/a/x.png", "C:/x.png", "app://local/x.png", "/media/x.png",
               "{{ site.baseurl }}/x.png"],
)  # fmt: skip
def test_what_is_outside_is_no_error(vault: Vault, target: str) -> None:
    """Nobody can tell from here."""
    vault.put("note.md", f"![](<{target}>)".encode())
    report = check(vault.root)
    assert list_kinds(report) == [("outside", target)]
    assert (report.has_errors, report.not_checked.outside) == (False, 1)


def test_what_is_behind_a_link_is_outside(vault: Vault, tmp_path: Path) -> None:
    """Only the names behind it are looked at: a bare name may mean one of them, and another one is missing."""
    (tmp_path / "far/deep").mkdir(parents=True)
    (tmp_path / "far/deep/Y.png").touch()
    (vault.root / "linked").symlink_to(tmp_path / "far")
    vault.put("note.md", b"![](linked/x.png) ![[y.png]] ![[w.png]] ![](z.png)")
    assert list_kinds(check(vault.root)) == [
        ("outside", "linked/x.png"), ("outside", "y.png"), ("missing", "w.png"), ("missing", "z.png"),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [0, 100])
def test_a_link_to_too_much_may_hide_anything(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """It is not listed to its end, so nothing is called missing that may be there. Links behind it do the same."""
    monkeypatch.setattr(note_tree, "MOST_LINKED", limit)
    (tmp_path / "far").mkdir()
    for number in range(2):
        (tmp_path / f"far/{number}").mkdir()
        (tmp_path / f"far/{number}/{number}.png").touch()
    (vault.root / "linked").symlink_to("../far")
    vault.put("note.md", b"![[w.png]]")
    assert list_kinds(check(vault.root)) == [("missing" if limit else "outside", "w.png")]
    (tmp_path / "far/more").symlink_to("/")
    assert list_kinds(check(vault.root)) == [("outside", "w.png")]


def test_a_link_to_a_file_may_be_meant(vault: Vault, tmp_path: Path) -> None:
    """By its name, in any folder. Other names are missing."""
    vault.put("../far.png")
    (vault.root / "img").mkdir()
    (vault.root / "img" / "x.png").symlink_to(tmp_path / "far.png")
    vault.put("note.md", b"![[x.png]] ![[y.png]]")
    assert list_kinds(check(vault.root)) == [("outside", "x.png"), ("missing", "y.png")]


def test_a_name_in_a_passed_over_folder_is_not_missing(vault: Vault) -> None:
    """Of a bare name, nobody knows whether the tool looks there."""
    vault.put("node_modules/package/x.png")
    vault.put("note.md", b"![[x.png]] ![[y.png]]")
    assert list_kinds(check(vault.root)) == [("outside", "x.png"), ("missing", "y.png")]


def test_the_tool_of_a_folder_around_shows_the_note_too(vault: Vault) -> None:
    """A site inside a vault: what the vault's tool finds is there."""
    vault.put(".obsidian/app.json", b"{}")
    vault.put("site/mkdocs.yml", b"site_name: x")
    vault.put("pictures/x.png")
    vault.put("site/docs/note.md", b"![[x.png]] ![[y.png]]")
    assert list_kinds(check(vault.root)) == [("missing", "y.png")]


def test_a_conflict_copy_is_named(vault: Vault) -> None:
    """If it is all that is left of a picture."""
    vault.put("maps/Karte.sync-conflict-20260102-030405-ABCDEFG.png")
    vault.put("note.md", b"![[Karte.png]]")
    (finding,) = check(vault.root).findings
    assert finding.kind.value == "missing"
    assert "only a conflict copy of it is here: maps/Karte.sync-conflict" in finding.message


def test_a_conflict_copy_without_the_extension_is_named(vault: Vault) -> None:
    """rclone renames both versions, so the picture itself is gone."""
    for number in (1, 2):
        vault.put(f"maps/Karte.png.conflict{number}")
    vault.put("n.md", b"![[Karte.png]]")
    (finding,) = check(vault.root).findings
    assert "only a conflict copy of it is here: maps/Karte.png.conflict1" in finding.message


def test_a_wiki_link_may_mean_a_note_called_like_a_picture(vault: Vault) -> None:
    """``[[Title.png]]`` is ``Title.png.md`` if there is no such picture."""
    vault.put("Title.png.md", b"text")
    vault.put("note.md", b"[[Title.png]] [[Other.png]]")
    assert list_kinds(check(vault.root)) == [("missing", "Other.png")]


def test_parentheses_and_blanks(vault: Vault) -> None:
    """The commonest name of a download."""
    vault.put("Foto (1).png")
    vault.put("note.md", b"![](Foto (1).png) ![](gone (1).png)")
    assert list_kinds(check(vault.root)) == [("not-portable", "Foto (1).png"), ("missing", "gone (1).png")]


def test_half_a_canvas_leaves_nothing_unused(vault: Vault) -> None:
    """Even if it was cut off within the name of its first picture."""
    vault.put("x.png")
    vault.put("board.canvas", b'{"nodes": [{"type": "file", "file": "x.p')
    report = check(vault.root, options=CheckOptions(unused=True))
    assert (list_kinds(report), len(report.unread)) == ([], 1)


def test_passed_over_folders_report_nothing_but_have_files(vault: Vault) -> None:
    """A note in one is not read, but a picture in one exists."""
    vault.put(".gitbook/assets/x.png")
    vault.put("node_modules/package/README.md", b"![](nowhere.png)")
    vault.put("note.md", b"![](.gitbook/assets/x.png) ![](.gitbook/assets/y.png)")
    assert list_kinds(check(vault.root)) == [("missing", ".gitbook/assets/y.png")]


def test_ignored_files_exist(vault: Vault) -> None:
    """``.strandlineignore`` silences; ``.gitignore`` says nothing about notes."""
    vault.put(".gitignore", b"drafts/\n")
    vault.put(".strandlineignore", b"old/\n*.tmp.md\n")
    vault.put("old/x.png")
    vault.put("old/note.md", b"![](nowhere.png)")
    vault.put("a.tmp.md", b"![](nowhere.png)")
    vault.put("drafts/note.md", b"![](nowhere.png) ![](../old/x.png)")
    report = check(vault.root, options=CheckOptions(unused=True))
    assert [(each.kind, each.note) for each in report.findings] == [("missing", "drafts/note.md")]


def test_a_part_is_resolved_from_the_root(vault: Vault) -> None:
    """Only what is below the path is reported, with paths relative to it."""
    vault.put("img/x.png")
    vault.put("Study/note.md", b"![](../img/x.png) ![](../img/X.png) ![](y.png)")
    vault.put("note.md", b"![](nowhere.png)")
    for path in ("Study", "Study/note.md"):
        report = check(vault.root, path)
        assert [(each.note, each.file) for each in report.findings] == [
            ("note.md", "../img/x.png"),
            ("note.md", "y.png"),
        ]
        assert report.notes == 1


def test_the_home_folder_is_no_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some people keep their settings in git: what they check is not all that they have."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()
    vault = Vault(tmp_path / "Notes")
    (tmp_path / "x.png").write_bytes(make_small())
    vault.put("n.md", b"![](../x.png)")
    assert list_kinds(check(vault.root)) == [("outside", "../x.png")]
    assert list_kinds(check(tmp_path)) == []


def test_a_nested_vault_follows_its_own_rules(vault: Vault) -> None:
    """Names are looked for in the innermost folder with a sign."""
    vault.put("docs/mkdocs.yml", b"site_name: x\n")
    vault.put("docs/docs/assets/x.png")
    vault.put("docs/docs/page.md", b"![](/assets/x.png) ![](assets/x.png)")
    (vault.root / "Notes/.obsidian").mkdir(parents=True)
    vault.put("Notes/deep/y.png")
    vault.put("Notes/n.md", b"![](y.png)")
    vault.put("n.md", b"![](y.png)")
    report = check(vault.root)
    assert [(each.kind, each.note) for each in report.findings] == [("misplaced", "n.md")]


def test_without_a_sign_the_notes_decide(tmp_path: Path) -> None:
    """Mostly wiki links: Obsidian's rules, for the whole folder and for each part of it."""
    vault = Vault(tmp_path / "vault")
    (vault.root / ".git").mkdir(parents=True)
    vault.put("Attachments/x.png")
    vault.put("a/one.md", b"![[x.png]] ![[x.png]]")
    vault.put("b/two.md", b"![](x.png)")
    assert check(vault.root).findings == ()
    assert check(vault.root, "b").findings == ()
    vault.put("a/one.md", b"no reference")
    assert list_kinds(check(vault.root)) == [("misplaced", "x.png")]


def test_canvases_refer_from_the_vault(vault: Vault) -> None:
    """Raw paths of files, and the Markdown of texts. One that is no JSON is not read."""
    vault.put("img/a%20b.png")
    vault.put("deep/c.canvas", make_canvas("img/a%20b.png", "x.png", texts=("![[y.png]]", "`![[no.png]]`")))
    vault.put("deep/half.canvas", b'{"nodes": [{"file": "z.png"')
    report = check(vault.root)
    assert list_kinds(report) == [("missing", "x.png"), ("missing", "y.png")]
    assert [each.path for each in report.unread] == ["deep/half.canvas"]


def test_unused_pictures_are_named_nowhere(vault: Vault) -> None:
    """Any text counts: code, styles, settings of plug-ins, escaped or encoded."""
    for name in ("ref", "code", "css", "json", "plugin", "percent x", "entity&y", "nobody"):
        vault.put(f"img/{name}.png")
    vault.put("note.md", b"![](img/ref.png) `code.png` <a title='entity&amp;y.png'> percent%20x.png")
    vault.put("style.css", b"a { background: url(img/css.png) }")
    vault.put("data.json", b'{"a": "img\\/json.png"}')
    vault.put(".obsidian/plugins/p/data.json", b'["plugin.png"]')
    report = check(vault.root, options=CheckOptions(unused=True))
    assert list_kinds(report) == [("unused", "img/nobody.png")]
    assert not report.has_errors


def test_an_area_of_a_pdf_is_used_if_its_highlight_is_there(vault: Vault) -> None:
    """Logseq makes the picture's name from the highlight's page, id, and time; no text has it as a whole."""
    kept, gone = "66b3c0de-1111-4222-8333-444455556666", "66b3c0de-1111-4222-8333-444455557777"
    vault.put("logseq/config.edn", b"{}")
    vault.put("assets/paper.edn", f'{{:highlights [{{:id #uuid "{kept}", :page 2}}]}}'.encode())
    for each in (kept, gone):
        vault.put(f"assets/paper/2_{each}_1720.png")
    vault.put(f"assets/paper/2_{kept}_1721.png")
    report = check(vault.root, options=CheckOptions(unused=True))
    assert list_kinds(report) == [("unused", f"assets/paper/2_{gone}_1720.png")]


def test_nothing_is_unused_if_a_note_is_unknown(vault: Vault) -> None:
    """It might use anything."""
    vault.put("x.png")
    vault.put("board.canvas", b'{"nodes": ["half')
    vault.put("other.canvas", b'{"file": "y.png"')
    report = check(vault.root, options=CheckOptions(unused=True))
    assert list_kinds(report) == []
    assert report.unread


def test_silenced_references_are_counted(vault: Vault) -> None:
    """But not reported."""
    vault.put("note.md", b"![](x.png) <!-- strandline: ok -->")
    report = check(vault.root)
    assert (report.findings, report.counts["silenced"]) == ((), 1)


def test_a_path_must_be_there(tmp_path: Path) -> None:
    """A folder or a note."""
    with pytest.raises(SourceNotFoundError):
        check(tmp_path, "nowhere")
    (tmp_path / "x.png").write_bytes(make_small())
    with pytest.raises(InvalidPathError):
        check(tmp_path, "x.png")


def test_nothing_is_written(vault: Vault) -> None:
    """A check leaves the folder as it is."""
    vault.put("img/x.png")
    vault.put("note.md", b"![](img/x.png) ![](y.png)")
    before = sorted((path, path.lstat().st_mtime_ns) for path in vault.root.rglob("*"))
    check(vault.root, options=CheckOptions(unused=True, names=True))
    assert sorted((path, path.lstat().st_mtime_ns) for path in vault.root.rglob("*")) == before


@pytest.mark.parametrize("name", ["a $x$.png", "$all$.png", "lt<gt>.png", "a %% b.png"])
def test_marks_in_the_name_of_a_wiki_link_mean_nothing(vault: Vault, name: str) -> None:
    """A formula or a tag that begins in a link is a part of its name."""
    vault.put(name)
    vault.put("Note.md", f"![[{name}|200]]".encode())
    report = check(vault.root)
    assert (report.counts["found"], report.counts["missing"]) == (1, 0)


def test_obsidian_hides_a_picture_with_a_heading_in_its_name(vault: Vault) -> None:
    """Only if there is one: otherwise it is a part of a note, and no picture."""
    vault.put(".obsidian/app.json", b"{}")
    vault.put("C# sheet.png")
    vault.put("Note.md", b"![[C# sheet.png]]\n\n![[Recipes#How to crop x.png]]\n")
    report = check(vault.root)
    assert [(each.kind, each.target) for each in report.findings] == [("not-shown", "C# sheet.png")]
    assert report.references == 1


def test_a_note_in_the_cloud_may_use_anything(vault: Vault) -> None:
    """It is named, and nothing is called unused."""
    vault.put("x.png")
    vault.put(".Only there.md.icloud", b"bplist00")
    for unused in (False, True):
        report = check(vault.root, options=CheckOptions(unused=unused))
        assert [each.path for each in report.unread] == [".Only there.md.icloud"]
        assert report.findings == ()


def test_the_only_copy_that_a_note_needs_is_not_unused(vault: Vault) -> None:
    """A note misses the file of which it is a conflict copy."""
    vault.put("x.sync-conflict-20260101-101010-ABCDEFG.png")
    vault.put("Note.md", b"![](x.png)")
    assert [each.kind for each in check(vault.root, options=CheckOptions(unused=True)).findings] == [
        "missing"
    ]
