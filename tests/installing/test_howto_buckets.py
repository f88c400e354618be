"""The page about buckets: its commands, typed with a real object store, answer what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.s3_server import OtherProgram, S3Server
from installing.account import PROJECT, Account, list_blocks, list_steps

PAGE = "docs/howto/buckets.md"
VARYING = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9.]+ s\b")
REGION = "strandline config set s3.region eu-central-1"


@pytest.mark.slow
def test_the_commands_answer_what_the_page_says(tmp_path: Path, s3_server: S3Server) -> None:
    """In order. Ids and times are others."""
    assert OtherProgram(s3_server.endpoint, "pictures").ask("PUT", "").status == 200
    account = Account(tmp_path)
    account.environment |= s3_server.environment
    del account.environment["STRANDLINE_S3_ENDPOINT"]
    (account.home / "sunset.png").write_bytes(make_picture("png", seed=0, size=(8, 8)))
    told = "\n".join(text for language, text in list_blocks(PAGE) if language == "sh")
    (endpoint,) = re.findall(r"^strandline config set s3\.endpoint \S+$", told, re.MULTILINE)
    assert REGION in told
    account.type([endpoint.rpartition(" ")[0] + f" {s3_server.endpoint}", REGION])
    for command, answer in list_steps(PAGE):
        said = account.type([f"{command} || test $? = 5"])
        assert read(said) == read(answer), command


def read(said: str) -> list[str]:
    """The lines of both streams, whichever came first, without what varies, and without what each deletion says."""
    lines = (VARYING.sub("…", line) for line in said.splitlines())
    return sorted(line for line in lines if line and "deleting takes files out" not in line)


def test_it_is_found_from_the_readme() -> None:
    """Beside the other pages."""
    assert f"({PAGE})" in (PROJECT / "README.md").read_text()
