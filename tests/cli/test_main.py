"""The program itself: help, mistakes, faults, pipes, completion."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from builders.program import command_line, run, run_on_terminal, run_process
from builders.python_process import run_python
from strandline import __version__
from strandline.cli.numbers import WholeNumber
from strandline.cli.overview import COMMANDS, NARROWEST, Row, format_help
from strandline.cli.program import program
from strandline.cli.writing import MAX_WIDTH

UNWANTED_AT_HELP = {
    "PIL", "asyncio", "http", "imagesize", "json", "logging", "pi_heif", "platformdirs", "pyvips", "rich", "sqlite3",
    "strandline.catalog", "strandline.model.image_ids", "strandline.runtime", "strandline.services",
    "strandline.store", "tomllib", "watchdog",
}  # fmt: skip

NEEDED_BY_COMMANDS = {"strandline.model.image_ids", "strandline.runtime"}
"""A command's own help may need values and the table of settings, but not the store."""


def test_alone_it_says_where_to_start() -> None:
    """No error and no list of options: it says what to do first."""
    alone = run()
    assert alone.status == 0
    assert "strandline sd add" in alone.text
    assert set(run("--json").json["commands"]) == set(COMMANDS)


@pytest.mark.parametrize("width", range(NARROWEST, MAX_WIDTH + 1))
def test_help_looks_as_if_click_had_written_it(width: int) -> None:
    """Byte for byte, in each width that it is written in."""
    formatter = click.HelpFormatter(width=width)
    click.Group.format_help(program, program.make_context("strandline", []), formatter)
    assert format_help(width) == formatter.getvalue().rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], []])
@pytest.mark.parametrize("columns", [20, 79, 80, 500])
def test_what_needs_no_parser_looks_as_if_it_had_been_parsed(arguments: list[str], columns: int) -> None:
    """In a pipe and on a terminal. ``--home`` makes no difference but that click reads the arguments."""
    parsed = ["--home", "nowhere", *arguments]
    environ = {"COLUMNS": str(columns)}
    assert run_process(*arguments, environ=environ) == run_process(*parsed, environ=environ)
    assert run_on_terminal(*arguments, columns=columns) == run_on_terminal(*parsed, columns=columns)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], []])
def test_what_needs_no_parser_does_not_load_click(arguments: list[str]) -> None:
    """The import of click takes longer than all the rest of such a run."""
    code = f"import sys\nfrom strandline.cli.main import main\nmain({arguments!r})\n"
    code += "sys.exit(len({'click', 'datetime', 'threading'} & set(sys.modules)))"
    run_python(code)


@pytest.mark.parametrize(
    ("runs", "unwanted"),
    [
        ([[], ["--help"], ["--version"], ["gte"]], UNWANTED_AT_HELP),
        ([[name, "-h"] for name in COMMANDS], UNWANTED_AT_HELP - NEEDED_BY_COMMANDS),
    ],
    ids=["the program", "its commands"],
)
def test_help_imports_nothing_that_it_does_not_need(runs: list[list[str]], unwanted: set[str]) -> None:
    """Help loads no image, table, or database library, and none of our own modules that need one, so it is
    instant. All runs share a process: whatever one of them imports stays.
    """
    code = "import sys\nfrom strandline.cli.main import main\n"
    code += f"for arguments in {runs!r}:\n    main(arguments)\n"
    code += f"    print(arguments, *sorted(set(sys.modules) & {unwanted!r}), file=sys.stderr)"
    told = run_python(code).stderr.splitlines()
    assert [line for line in told if line.startswith("[")] == [str(arguments) for arguments in runs]


def test_version() -> None:
    """One line, in any folder."""
    assert run("--version").text == f"strandline {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gte"], "there is no command 'gte'; did you mean get?"),
        (["sd"], "missing command"),
        (["sd", "lsit"], "did you mean list?"),
        (["get"], "give an image id, - "),
        (["inspect", "tree"], "missing argument 'SD'"),
        (["get", "--sdd", "x", "y"], "there is no option --sdd; did you mean --sd?"),
        (["ls", "--bogus"], "there is no option --bogus; `strandline ls --help`"),
        (["ls", "--limit", "0"], "--limit: 0 is out of bounds; give 1 to 10000"),
        (["ls", "--limit", "abc"], "--limit: 'abc' is not a whole number; give 1 to 10000"),
        (["ls", "--columns"], "`strandline ls --help`"),
        (["completion"], "give one of bash, zsh, fish"),
        (["ls", "--state", "gone"], "--state: 'gone' is not"),
        (["save"], "missing argument"),
        (["x" * 10_000], "there is no command"),
        (["sd", "add", "--" + "x" * 10_000], "there is no option"),
        (["\x1b[2J"], "there is no command '\\\\x1b[2J'"),
    ],
)
def test_wrong_use_is_one_line_and_2(arguments: list[str], said: str, home: Path) -> None:
    """It briefly says what was wrong and where to find help, with nothing that acts on a terminal; also in JSON."""
    wrong = run(*arguments)
    assert (wrong.status, wrong.text) == (2, "")
    assert said in wrong.stderr
    assert wrong.stderr.count("\n") == 1
    assert len(wrong.stderr) < 1000
    assert "--help` shows how" in wrong.stderr
    in_json = run(*arguments, "--json")
    assert in_json.status == 2
    assert in_json.json["error"]["code"] == "usage"


@pytest.mark.parametrize(
    "command", ["get", "path", "data-url", "thumbnail", "exists", "info", "whereis", "explain"]
)
def test_an_invalid_id_never_touches_the_disk(command: str, home: Path) -> None:
    """It exits with 2 and one short line, and creates no catalog, however long or hostile the id."""
    for image_id in ("", "../../etc/passwd", "A" * 10_000, "\x1b[2J", "0" * 33, "000"):
        invalid = run(command, image_id, "--json")
        assert invalid.status == 2
        assert invalid.json["error"]["code"] == "invalid-image-id"
        assert len(invalid.stderr) < 200
        assert "\x1b" not in invalid.stderr
    assert list(home.iterdir()) == []


def test_a_bad_setting_is_named(home: Path) -> None:
    """It exits with 2 and names the place."""
    (home / "config.toml").write_text("[save]\nmax_byts = 1\n")
    bad = run("config", "show", "--json")
    assert bad.status == 2
    assert bad.json["error"]["code"] == "bad-config"
    assert "config.toml" in bad.stderr


def test_config_tells_values_and_where_they_come_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the file, the environment, or the default; also as JSON."""
    (home / "config.toml").write_text("[scan]\nperiodic_s = 7\n")
    monkeypatch.setenv("STRANDLINE_SAVE_MAX_BYTES", "5")
    shown = run("config", "show").text
    assert "scan.periodic_s\t7.0\tfile\n" in shown
    assert "save.max_bytes\t5\tenvironment\n" in shown
    settings = run("config", "show", "--json").json["settings"]
    row = next(each for each in settings if each["key"] == "scan.periodic_s")
    assert {"value": 7.0, "origin": "file"}.items() <= row.items()
    assert run("config", "path").text == f"{home / 'config.toml'}\n"


@pytest.mark.parametrize("before", [True, False])
def test_global_options_stand_before_and_after_the_command(before: bool, home: Path, tmp_path: Path) -> None:
    """--home and --json are accepted in both places."""
    options = ["--json", "--home", str(tmp_path / "other")]
    command = ["config", "path"]
    answer = run(*options, *command) if before else run(*command, *options)
    assert answer.json == {"path": str(tmp_path / "other/config.toml")}


def test_a_fault_of_ours_shows_no_traceback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It exits with 3 and one line that names a file in the home, which contains the traceback."""
    monkeypatch.setitem(COMMANDS, "burst", Row("overview:WELCOME", "A command that is none."))
    fault = run("burst", "--json")
    assert fault.status == 3
    assert "Traceback" not in fault.stderr
    assert fault.stderr.count("\n") == 1
    details = Path(fault.json["error"]["details"])
    assert details.parent == home / "logs"
    assert "Traceback" in details.read_text()
    assert str(details) in fault.stderr


def test_a_fault_can_be_told_even_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the home is a file, the log goes elsewhere."""
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("STRANDLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setitem(COMMANDS, "burst", Row("overview:WELCOME", "A command that is none."))
    fault = run("burst", "--json")
    assert Path(fault.json["error"]["details"]).parent == tmp_path


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``strandline … | head -1`` ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        command_line("completion", "fish"), stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to write to")
@pytest.mark.parametrize(
    "arguments", ["config path", "--help", "get --help", "help get", "completion bash", "config show --json"]
)
def test_a_full_disk_behind_stdout_is_told(arguments: str) -> None:
    """It exits with 8 and one sentence, not with success and half an answer, however the answer is written."""
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            command_line(*arguments.split()), stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert ended.returncode == 8
    assert ended.stderr.count(b"\n") == 1
    assert b"standard output" in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to write to")
def test_a_full_disk_behind_stderr_changes_no_status(home: Path) -> None:
    """Nobody can be told anything then, but a script still gets the true status."""
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            command_line("sd", "show", "nobody"), stdout=full, stderr=full, check=False, timeout=60
        )
    assert ended.returncode == 4


@pytest.mark.slow
def test_an_old_terminals_encoding_is_enough(tmp_path: Path) -> None:
    """Missing characters are escaped. JSON is still UTF-8."""
    home = str(tmp_path / "海")
    old = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0", "STRANDLINE_HOME": home}
    assert run_process("config", "show", "--json", environ=old).json["home"] == home
    missing = run_process("ls", "--after", "海", "--limit", "x", environ=old)
    assert missing.status == 2
    nobody = run_process("sd", "forget", "海", environ=old)
    assert (nobody.status, "\\u6d77" in nobody.stderr) == (4, True)


def test_a_thread_that_dies_shows_no_traceback(home: Path) -> None:
    """An error in a background thread is one line and a file, like one in the foreground."""
    code = (
        "import sys, threading\n"
        "from strandline.cli.main import main\n"
        "sys.argv[1:] = ['config', 'path']\n"
        "main()\n"
        "def burst(): raise RuntimeError('in the background')\n"
        "thread = threading.Thread(target=burst)\n"
        "thread.start(), thread.join()\n"
    )
    ended = run_python(code)
    assert ended.stderr.startswith("strandline: internal error")
    assert ended.stderr.count("\n") == 1
    (details,) = (home / "logs").iterdir()
    assert "in the background" in details.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    """Each shell's script asks the program for completions."""
    script = run("completion", shell).text
    assert f"_STRANDLINE_COMPLETE={shell}_complete" in script
    assert run("completion", shell, "--json").json == {"shell": shell, "script": script.rstrip("\n") + "\n"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("strandline s", {"save", "scan", "sd", "serve", "sign-in", "status"}),
        ("strandline sd a", {"add", "accept-missing"}),
        ("strandline get --a", {"--as-is"}),
        ("strandline completion z", {"zsh"}),
        ("strandline inspect t", {"tree"}),
    ],
)
def test_the_shell_completes(words: str, offered: set[str], home: Path) -> None:
    """It completes commands, options, and choices, and creates no catalog."""
    count = str(len(words.split()) - 1)
    asked = {"_STRANDLINE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    answer = run_process(environ=asked)
    assert {line.split(",", 1)[1] for line in answer.text.splitlines()} == offered
    assert list(home.iterdir()) == []


def test_no_argument_is_refused_for_what_it_names() -> None:
    """Whether a file can be read is found out by reading it. Click would refuse all arguments because of one."""
    seen = 0
    for command in iter_commands(program):
        for param in command.params:
            assert not (isinstance(param.type, click.Path) and (param.type.readable or param.type.exists))
            seen += isinstance(param.type, click.Path)
    assert seen > 20


def test_no_number_is_refused_in_the_words_of_click() -> None:
    """Every number is a :class:`WholeNumber`, which says what to give."""
    params = [param for command in iter_commands(program) for param in command.params]
    types = [type(param.type) for param in params if not getattr(param, "count", False)]
    assert not {click.IntRange, click.FloatRange, type(click.INT), type(click.FLOAT)} & set(types)
    assert types.count(WholeNumber) >= 6


def iter_commands(command: click.Command) -> Iterator[click.Command]:
    """The command and all of its subcommands."""
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from iter_commands(found)


def test_bytes_never_go_to_a_terminal_by_accident(home: Path) -> None:
    """Without -o, get refuses before it searches."""
    status, said = run_on_terminal("get", "0" * 32)
    assert status == 2
    assert "-o FILE" in said
