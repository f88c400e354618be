"""Commands that a message offers: complete, with the folder's name in them, and quoted for a shell. Pure."""

from __future__ import annotations

from strandline.model.storage_dirs import StorageDir


def say_command(*words: str) -> str:
    """The command as a person can paste it into a shell: ```strandline sd confirm 'My Vault'```.

    Law: a shell splits what is between the backticks into ``strandline`` and the words.
    """
    import shlex  # here: most commands offer none

    return f"`strandline {shlex.join(words)}`"


def quote_word(word: str) -> str:
    """The word as one word of a shell command."""
    import shlex

    return shlex.quote(word)


def refer_to(sd: StorageDir) -> str:
    """What to type for the storage directory: its name, if that cannot be taken for an option."""
    return sd.path if sd.name.startswith("-") else sd.name


def say_move(sd: StorageDir) -> str:
    """How to say where the folder is now."""
    return say_command("sd", "move", refer_to(sd), "NEWPATH")


def say_bring_back(sd: StorageDir, remedy: str | None = None) -> str:
    """What makes a place that cannot be read now answer again. The remedy is what its own refusal said, if any."""
    if sd.is_on_disk:
        return f"bring its disk back, or if it is elsewhere now, run {say_move(sd)}"
    return (
        f"{remedy or 'check the object store, the network, and `s3.endpoint`'}; it is asked again by itself"
    )


def say_new_identity(path: str) -> str:
    """How to give the folder at the path a new identity."""
    return say_command("sd", "add", "--new-identity", path)


def say_forget(sd: StorageDir) -> str:
    """How to forget the storage directory."""
    return say_command("sd", "forget", refer_to(sd))


def say_confirm(sd: StorageDir) -> str:
    """How to say that the storage directory is as it should be."""
    return say_command("sd", "confirm", refer_to(sd))


def say_add(path: str = "PATH", *options: str) -> str:
    """How to add the folder at the path."""
    return say_command("sd", "add", path, *options)
