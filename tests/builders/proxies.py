"""Real nginx and Caddy in front of a server, with TLS and a certificate of their own, on free ports.

Their configuration is what ``docs/howto/reverse-proxy.md`` shows; only ports and files are replaced.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from builders.system_packages import require
from installing.account import list_blocks

PAGE = "docs/howto/reverse-proxy.md"
LIMIT_S = 20.0
NAMES = ("pics.lan", "example.org", "evil.example")
"""Names in the certificate. The last one is there so that only the proxy and the server can refuse it."""

NGINX = """
{user}
daemon off;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {inner}
}}
"""

NGINX_SERVER = """
server {{
    listen 443 ssl;
    server_name example.org;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    {inner}
}}
"""

CADDY = """
{{
    admin off
    http_port {plain_port}
    https_port {port}
    skip_install_trust
}}
{inner}
"""

CADDY_SERVER = """
example.org {{
    tls {folder}/cert.pem {folder}/key.pem
    {inner}
}}
"""


@dataclass(frozen=True)
class Front:
    """A running proxy."""

    host: str
    base: str
    port: int
    plain_port: int
    trusted: Path
    """The certificate that its own comes from."""

    @property
    def origin(self) -> str:
        """Of its pages, as browsers send it."""
        return f"https://{self.host}:{self.port}"

    @contextmanager
    def client(self, host: str | None = None, comes_from: str = "127.0.0.1") -> Iterator[httpx.Client]:
        """A client that calls it by its name, or by another one, and checks the certificate."""
        name = host or self.host

        def set_name(request: httpx.Request) -> None:
            request.extensions["sni_hostname"] = name

        with httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}{self.base}/",
            headers={"host": f"{name}:{self.port}"},
            transport=httpx.HTTPTransport(
                verify=ssl.create_default_context(cafile=str(self.trusted)), local_address=comes_from
            ),
            event_hooks={"request": [set_name]},
            timeout=LIMIT_S,
        ) as client:
            yield client


def find_free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def get_block(language: str, number: int) -> str:
    """A configuration of the page."""
    return [text for each, text in list_blocks(PAGE) if each == language][number]


@contextmanager
def running_nginx(
    config: str, folder: Path, ports: tuple[int, int], server_port: int, *, host: str, base: str
) -> Iterator[Front]:
    """nginx with ``server`` blocks, or with a ``location`` that gets one."""
    program = require("nginx", "nginx-light")
    make_certificate(folder)
    inner = config if "server {" in config else NGINX_SERVER.format(folder=folder, inner=config)
    inner = re.sub(r"(ssl_certificate\s+)/[^;]*", rf"\g<1>{folder}/cert.pem", inner)
    inner = re.sub(r"(ssl_certificate_key\s+)/[^;]*", rf"\g<1>{folder}/key.pem", inner)
    for shown, used in (("listen 443", ports[0]), ("listen 80", ports[1])):
        inner = inner.replace(shown, f"listen 127.0.0.1:{used}")
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        NGINX.format(
            user=user, folder=folder, inner=inner.replace("127.0.0.1:8484", f"127.0.0.1:{server_port}")
        )
    )
    front = Front(host, base, *ports, folder / "cert.pem")
    with _running([program, "-c", str(path), "-e", str(folder / "error.log")], front, {}):
        yield front


@contextmanager
def running_caddy(
    config: str, folder: Path, ports: tuple[int, int], server_port: int, *, host: str, base: str
) -> Iterator[Front]:
    """Caddy with a site, or with lines that get one."""
    program = require("caddy", "caddy")
    make_certificate(folder)
    is_site = config.startswith(host)
    inner = config if is_site else CADDY_SERVER.format(folder=folder, inner=config)
    path = folder / "Caddyfile"
    path.write_text(
        CADDY.format(
            port=ports[0], plain_port=ports[1],
            inner=inner.replace("127.0.0.1:8484", f"127.0.0.1:{server_port}"),
        )
    )  # fmt: skip
    root = folder / "data/caddy/pki/authorities/local/root.crt"
    front = Front(host, base, *ports, root if is_site else folder / "cert.pem")
    places = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")}
    with _running([program, "run", "--adapter", "caddyfile", "--config", str(path)], front, places):
        yield front


def make_certificate(folder: Path) -> None:
    """A certificate that is its own root, for a day, and its key."""
    program = require("openssl", "openssl")
    names = ",".join(f"DNS:{name}" for name in NAMES)
    subprocess.run(
        [
            program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "1", "-subj", "/CN=test", "-addext", f"subjectAltName={names}",
            "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


@contextmanager
def _running(command: Sequence[str], front: Front, environment: Mapping[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _wait_for_handshake(front, process)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT_S)


def _wait_for_handshake(front: Front, process: subprocess.Popen[str]) -> None:
    """Returns as soon as the proxy has its certificate."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        try:
            context = ssl.create_default_context(cafile=str(front.trusted))
            with (
                socket.create_connection(("127.0.0.1", front.port), LIMIT_S) as plain,
                context.wrap_socket(plain, server_hostname=front.host),
            ):
                return
        except OSError:  # not yet, or not with its certificate; neither tells when
            time.sleep(0.02)
    raise AssertionError("the proxy did not start")
