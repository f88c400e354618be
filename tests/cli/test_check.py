"""``strandline check``: its text, its other forms, its exit statuses, and what it needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from builders.python_process import run_python
from builders.vaults import Vault, make_small
from strandline.cli.main import main


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """A vault with one picture that is there, and one that is not; the current folder is above it."""
    made = Vault(tmp_path / "Vault")
    (made.root / ".obsidian").mkdir(parents=True)
    made.put("img/x.png")
    made.put("Study/one.md", b"# One\n\nSee ![[x.png]] and ![[lost.png|300]].\n")
    monkeypatch.chdir(tmp_path)
    return made


def run(home: Path, *words: str) -> int:
    """Runs ``strandline check``."""
    return main(["--home", str(home), "check", *words])


def test_a_renamed_folder_is_told_in_one_line(
    vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many notes miss its pictures. JSON has each finding."""
    names = [f"p{number}.png" for number in range(7)]
    for name in names:
        vault.put(f"Anhang/{name}")
        vault.put(f"Study/{name}.md", f"![](../attachments/{name})\n![[{name}]]".encode())
    assert run(tmp_path / "home", "Vault") == 1
    *lines, _, result = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "Vault/attachments/: misplaced: 7 references in 7 notes (there is no such folder, and 7 pictures that notes "
        "expect in it are in Anhang/; was it renamed? Rename it back, or change the references; --json has each)"
    )
    assert [line.partition(" ")[0] for line in lines[1:]] == ["Vault/Study/one.md:3:20:"]
    assert result == "1 missing and 7 misplaced"
    assert run(tmp_path / "home", "Vault", "--format", "json") == 1
    assert len(json.loads(capsys.readouterr().out)["checked"][0]["findings"]) == 8


def test_what_was_not_looked_at_is_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program makes some addresses; others lead elsewhere, or to the web."""
    text = "![]({{site.url}}/x.png) ![](file:///x.png) ![](https://example.org/x.png)"
    (tmp_path / "a.md").write_text(text)
    assert main(["--home", str(tmp_path / "home"), "check", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "nothing else to say; 1 outside this folder, 1 with an address that a program makes and 1 on the web were "
        "not looked at"
    )


def test_a_finding_is_a_line_that_editors_understand(
    vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Path, line, column, what, and what to do; then a summary."""
    assert run(home, "Vault") == 1
    first, facts, result = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Vault/Study/one\.md:3:20: missing: lost\.png \(.+, or put it back, or .+\)", first)
    assert facts == "Vault: 1 note, 1 picture, 2 references, Obsidian"
    assert result == "1 missing"


def test_it_needs_no_catalog_and_makes_none(
    vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor a home."""
    vault.put("img/lost.png")
    assert run(home, "Vault") == 0
    assert "every picture is there" in capsys.readouterr().out
    assert not home.exists() or not any(home.iterdir())


def test_a_storage_directory_is_the_root(
    vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A known one is checked by its name, and its identity is in the answer."""
    (vault.root / "media").mkdir()
    assert main(["--home", str(home), "sd", "add", str(vault.root), "--name", "Mine"]) == 0
    capsys.readouterr()
    assert run(home, "Mine", "--json") == 1
    (checked,) = json.loads(capsys.readouterr().out)["checked"]
    assert (checked["path"], checked["layout"]) == (str(vault.root), "named")
    assert main(["--home", str(home), "sd", "list", "--json"]) == 0
    (sd,) = json.loads(capsys.readouterr().out)["sds"]
    assert checked["sd_id"] == sd["sd_id"]


@pytest.mark.parametrize("gone", ["the folder", "what is in it"])
def test_what_is_offline_is_unknown_and_not_missing(
    vault: Vault, home: Path, capsys: pytest.CaptureFixture[str], gone: str
) -> None:
    """A disk that is not mounted, and an empty mount point: status 6, by name and by path."""
    (vault.root / "media").mkdir()
    assert main(["--home", str(home), "sd", "add", str(vault.root), "--name", "Mine"]) == 0
    vault.root.rename(vault.root.with_name("away"))
    if gone == "what is in it":
        vault.root.mkdir()
    capsys.readouterr()
    for place in ("Mine", str(vault.root), str(vault.root / "Study")):
        assert run(home, place) == 6
        assert "'Mine' is offline, so nobody can tell which pictures are missing" in capsys.readouterr().err


def test_json_has_everything(vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The keys are a contract."""
    assert run(home, "--format", "json", "Vault/Study") == 1
    (checked,) = json.loads(capsys.readouterr().out)["checked"]
    (finding,) = checked.pop("findings")
    counts = checked.pop("counts")
    assert checked == {
        "path": str(vault.root / "Study"),
        "sd_id": None,
        "layout": "named",
        "profile": "obsidian",
        "notes": 1,
        "images": 0,
        "references": 2,
        "not_checked": {"remote": 0, "outside": 0},
        "unread": [],
    }
    assert (counts["found"], counts["missing"], counts["unused"]) == (1, 1, 0)
    message = finding.pop("message")
    assert "no file" in message
    assert finding == {
        "kind": "missing", "severity": "error", "note": "one.md", "line": 3, "column": 20, "target": "lost.png",
        "file": "lost.png", "candidates": [],
    }  # fmt: skip


def test_annotations_are_escaped(vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name cannot begin another command of the workflow."""
    vault.put("a,b: 100%.md", b"![[lost 100%.png]]")
    assert run(home, "Vault", "--format", "github") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::error file=Vault/Study/one.md,line=3,col=20,title=missing::lost.png: ")
    assert lines[1].startswith(
        "::error file=Vault/a%2Cb%3A 100%25.md,line=1,col=1,title=missing::lost 100%25.png: "
    )


def test_sarif_is_the_published_form(vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What code scanning needs: rule, level, message, and place."""
    vault.put("a b.md", b"![](X.png)")
    vault.put("x.png", b"")
    assert run(home, "Vault", "--format", "sarif") == 1
    document = json.loads(capsys.readouterr().out)
    (one,) = document["runs"]
    results = [
        (each["ruleId"], each["level"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        for each in one["results"]
    ]
    assert document["version"] == "2.1.0"
    assert ("missing", "error", "Vault/Study/one.md") in results
    assert ("arriving", "note", "Vault/a%20b.md") in results
    assert {rule for rule, _, _ in results} <= {rule["id"] for rule in one["tool"]["driver"]["rules"]}


def test_a_baseline_leaves_out_what_is_known(
    vault: Vault, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if its line has moved. What is new is reported."""
    run(home, "Vault", "--json")
    (tmp_path / "known.json").write_text(capsys.readouterr().out)
    vault.put("Study/one.md", b"\n\n![[lost.png]]\n")
    assert run(home, "Vault", "--baseline", "known.json") == 0
    assert "1 silenced" in capsys.readouterr().out
    vault.put("Study/one.md", b"![[lost.png]] ![[lost.png]] ![[new.png]]")
    assert run(home, "Vault", "--baseline", "known.json", "--json") == 1
    (checked,) = json.loads(capsys.readouterr().out)["checked"]
    assert [each["target"] for each in checked["findings"]] == ["lost.png", "new.png"]
    assert (checked["counts"]["missing"], checked["counts"]["silenced"]) == (2, 1)


@pytest.mark.parametrize("text", ["", "[]", '{"checked": 3}', "\xff"])
def test_a_wrong_baseline_is_refused(vault: Vault, home: Path, tmp_path: Path, text: str) -> None:
    """As wrong use."""
    assert run(home, "Vault", "--baseline", "known.json") == 2
    (tmp_path / "known.json").write_text(text)
    assert run(home, "Vault", "--baseline", "known.json") == 2


def test_statuses_say_what_is_known(vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """4 for a path that is not there, 6 if a note could not be read, 1 if there is an error all the same."""
    assert run(home, "nowhere") == 4
    vault.put("board.canvas", b'{"file": "x.png"')
    assert run(home, "Vault") == 1
    vault.put("lost.png", make_small())
    assert run(home, "Vault") == 6
    assert "board.canvas: not read: " in capsys.readouterr().out


def test_names_in_notes_cannot_act_on_the_terminal(
    vault: Vault, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters are shown, not sent."""
    vault.put("note.md", b"![[\x1b[31mred.png]]")
    run(home, "Vault")
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("library", ["pyromark", "pathspec"])
def test_a_library_that_was_removed_is_named(vault: Vault, home: Path, library: str) -> None:
    """With the command that brings it back, instead of a fault."""
    vault.put(".strandlineignore", b"old/\n")
    code = (
        f"import sys\nsys.modules[{library!r}] = None\nfrom strandline.cli.main import main\n"
        f"print(int(main(['--home', {str(home)!r}, 'check', {str(vault.root)!r}, '--json'])))"
    )
    document, _, status = run_python(code).stdout.strip().rpartition("\n")
    error = json.loads(document)["error"]
    assert (status, error["code"], error["extra"]) == ("2", "missing-extra", "core")
    assert f"needs the library '{library}'" in error["message"]
    assert error["message"].endswith(f"type: {error['command']}")
    assert not (home / "logs").exists()


def test_help_needs_no_parser(home: Path) -> None:
    """Nor do other commands: the parser of Markdown is loaded by a check."""
    start = "import sys\nfrom strandline.cli.main import main"
    code = f"{start}\nmain(['check', '--help'])\nprint('pyromark' in sys.modules)"
    assert run_python(code).stdout.splitlines()[-1] == "False"
