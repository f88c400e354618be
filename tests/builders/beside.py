"""A server of a shared catalog with a bucket, and this machine's own folder beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from builders.bucket_machine import open_bucket_machine
from builders.pictures import make_picture
from builders.s3_server import S3Server
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.runtime.assembly import LocalStore, open_store
from strandline.runtime.local_folders import open_beside

OF_TEAM, OF_OWNER = make_picture("jpg", seed=4210), make_picture("png", seed=4211)
TEAM_ID, OWN_ID = id_of(OF_TEAM), id_of(OF_OWNER)


@dataclass
class Both:
    """The server, and its two stores."""

    served: Served
    team: LocalStore
    own: LocalStore

    def ask(self, path: str, token: str = "", **headers: str) -> tuple[int, str]:
        """Status and text of the answer to one who is not signed in, with a token if one is given."""
        if token:
            headers["authorization"] = f"Bearer {token}"
        with self.served.as_stranger() as client:
            answer = client.get(path, headers=headers)
        return answer.status_code, answer.text


@contextmanager
def serving_both(
    folder: Path, url: str, s3_server: S3Server, overrides: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Both]:
    """A bucket with one picture in the shared catalog at the address, and a folder, ``Vault``, with another one."""
    home = folder / "home"
    vault = make_storage_dir(folder / "Vault", OF_OWNER)
    with (
        open_store(home, local=True) as first,
        open_bucket_machine(
            home, s3_server, s3_server.make_place(), catalog_url=url, overrides=overrides
        ) as machine,
    ):
        first.add_storage_dir(vault)
        machine.add(OF_TEAM)
        own = open_beside(machine.store)
        assert own is not None
        with own, serving(machine.store, own) as served:
            yield Both(served, machine.store, own)
