"""git-annex between two clones, with unlocked files: images are real files in the tree once they are fetched.

What surprises: an unlocked file has its name long before it has its bytes. Until then it is a line of text that
points into ``.git/annex``. A locked one is always a symlink, and no image (hazard H22).
"""

from __future__ import annotations

from pathlib import Path

from builders.system_packages import require
from scenarios.client import Client, CommandLink, Leftover, Traits

_CONFIGURATION = """
[user]
 name = a person
 email = person@example.org
[init]
 defaultBranch = main
[annex]
 addunlocked = true
"""


class GitAnnexLink(CommandLink):
    """Two clones, each the other's remote; ``git annex sync --content`` in turn."""

    def __init__(self, own: Path, a: Path, b: Path, _keeps_versions: bool) -> None:
        super().__init__(own, a, b)
        require("git-annex", "git-annex")
        self._git = require("git", "git")
        own.joinpath(".gitconfig").write_text(_CONFIGURATION)
        for repository, name in ((a, "a"), (b, "b")):
            self.git(repository, "init", "--quiet")
            self.annex(repository, "init", "--quiet", name)
        self.git(a, "commit", "--quiet", "--allow-empty", "--message=begin")
        self.git(a, "remote", "add", "b", str(b))
        self.git(b, "remote", "add", "a", str(a))
        self.git(b, "fetch", "--quiet", "a")
        self.git(b, "reset", "--quiet", "a/main")

    def transfer(self) -> None:
        """One after the other. If b had changes, a third run brings them to a."""
        for repository in (self.a, self.b):
            self.annex(repository, "add", "--quiet", ".")
            self.annex(repository, "sync", "--quiet", "--content")
        if self.git(self.a, "rev-parse", "main") != self.git(self.b, "rev-parse", "main"):
            self.annex(self.a, "sync", "--quiet", "--content")

    def bring_names(self) -> None:
        """Brings only the names from a to b: the bytes stay where they are."""
        self.annex(self.a, "add", "--quiet", ".")
        for repository in (self.a, self.b):
            self.annex(repository, "sync", "--quiet", "--no-content")

    def begin(self) -> None:
        self.bring_names()
        self.git(self.b, "config", "annex.bwlimit", "2MB")
        self.start([self._git, "annex", "get", "--quiet", "media"], cwd=self.b)

    def kill(self) -> None:
        super().kill()
        self.git(self.b, "config", "--unset", "annex.bwlimit")

    def git(self, repository: Path, *words: str) -> str:
        """Runs git in one of the two and returns its output."""
        return self.run(self._git, *words, cwd=repository)

    def annex(self, repository: Path, *words: str) -> None:
        """Runs git-annex in one of the two."""
        self.git(repository, "annex", *words)


GIT_ANNEX = Client(
    Traits(
        two_way=True,
        killed_leaves=Leftover.POINTER,
        identity_copies=("SD_ID.variant-????",),
        old_versions=".git/annex/objects/*/*/*/*",
    ),
    GitAnnexLink,
)
