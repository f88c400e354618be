"""Writes ``compose.yaml`` and ``kubernetes.yaml`` from one description of what runs for a team.

``python deploy/generate.py`` writes both; with ``--check``, it only says whether they are up to date. ``make
demo-team`` runs the same commands with the same settings on one machine.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

FOLDER = Path(__file__).parent
HOW = "docs/howto/run-for-a-team.md"
IMAGE = "strandline:latest"
PORT = 8484
PROBED_AS = "localhost"
"""A cluster would ask a server by its address, which is no name that it answers to."""

SETTINGS = {
    "STRANDLINE_CATALOG_URL": "postgresql://strandline@catalog/strandline",
    "STRANDLINE_S3_ENDPOINT": "http://store:8333",
    "STRANDLINE_WEB_HOST": "0.0.0.0",
    "STRANDLINE_WEB_PORT": str(PORT),
    "STRANDLINE_WEB_PUBLIC_URL": "http://localhost:8484/",
    "STRANDLINE_SCAN_PERIODIC_S": "86400",
}
"""The settings of servers and workers. Workers scan, so a server need not do so often."""

SECRETS = ("PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Secrets of servers and workers, which are in no file here."""


@dataclass(frozen=True)
class Process:
    """A program of the organization."""

    name: str
    command: tuple[str, ...]
    image: str = IMAGE
    copies: int = 1
    memory: str = "512Mi"
    processors: str = "1"
    port: int | None = None
    is_alive: str | None = None
    """A path that answers as long as the program does."""
    is_ready: str | None = None
    """A path that answers if it can serve requests."""
    data: str | None = None
    """A folder that must survive."""
    environment: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = SECRETS
    stop_s: int = 15
    """How long it may take to end."""


SERVER = Process(
    "server",
    ("strandline", "serve"),
    copies=2,
    port=PORT,
    is_alive="/healthz",
    is_ready="/readyz",
    environment=SETTINGS,
)
WORKER = Process("worker", ("strandline", "work"), copies=2, environment=SETTINGS)
CATALOG = Process(
    "catalog", (), image="postgres:17", memory="2Gi", processors="2", port=5432, data="/var/lib/postgresql/data",
    environment={"POSTGRES_USER": "strandline", "POSTGRES_DB": "strandline"}, secrets=("PGPASSWORD",), stop_s=60,
)  # fmt: skip
STORE = Process(
    "store",
    ("server", "-dir=/data", "-master.telemetry=false", "-s3", "-s3.port=8333", "-s3.config=/etc/store/s3.json"),
    image="chrislusf/seaweedfs:4.48", memory="2Gi", processors="2", port=8333, data="/data", secrets=(), stop_s=60,
)  # fmt: skip
PROXY = Process(
    "proxy", ("caddy", "reverse-proxy", "--from", f":{PORT}", "--to", f"server:{PORT}"), image="caddy:2",
    memory="128Mi", port=PORT, secrets=(),
)  # fmt: skip
"""Stands in front of the servers. In Kubernetes, a Service does that."""


def make_compose() -> dict[str, Any]:
    """The document for ``docker compose``."""
    processes = (CATALOG, STORE, SERVER, WORKER, PROXY)
    return {
        "name": "strandline",
        "services": {each.name: _make_service(each) for each in processes},
        "volumes": {each.name: {} for each in processes if each.data},
    }


def _make_service(each: Process) -> dict[str, Any]:
    made: dict[str, Any] = {"image": each.image}
    if each.image == IMAGE:
        made["build"] = {"context": "..", "dockerfile": "deploy/Dockerfile"}
        made["depends_on"] = [CATALOG.name, STORE.name]
    if each.command:
        made["command"] = list(each.command)
    secrets = {name: f"${{{name}:?set it in .env}}" for name in each.secrets}
    if each is CATALOG:
        secrets = {"POSTGRES_PASSWORD": secrets["PGPASSWORD"]}
    if environment := each.environment | secrets:
        made["environment"] = environment
    volumes = [f"{each.name}:{each.data}"] if each.data else []
    if each is STORE:
        volumes.append("./s3.json:/etc/store/s3.json:ro")
    if volumes:
        made["volumes"] = volumes
    if each is PROXY:
        made["ports"] = [f"127.0.0.1:{PORT}:{PORT}"]
        made["depends_on"] = [SERVER.name]
    if each.is_ready:
        ask = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{each.port}{each.is_ready}')"
        made["healthcheck"] = {"test": ["CMD", "python", "-c", ask], "interval": "10s", "start_period": "20s"}
    limits = {"cpus": each.processors, "memory": each.memory.replace("i", "")}
    made["deploy"] = {"replicas": each.copies, "resources": {"limits": limits}}
    made["restart"] = "unless-stopped"
    made["stop_grace_period"] = f"{each.stop_s}s"
    return made


def make_kubernetes() -> list[dict[str, Any]]:
    """The documents for ``kubectl apply``. The secret ``strandline`` is made by hand."""
    shared = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _name("strandline"), "data": SETTINGS}
    documents: list[dict[str, Any]] = [shared]
    for each in (CATALOG, STORE, SERVER, WORKER):
        documents.append(_make_workload(each))
        if each.port is not None:
            ports = [{"port": each.port}]
            documents.append(
                {"apiVersion": "v1", "kind": "Service", "metadata": _name(each.name),
                 "spec": {"selector": {"app": each.name}, "ports": ports}}
            )  # fmt: skip
    return documents


def _make_workload(each: Process) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "replicas": each.copies,
        "selector": {"matchLabels": {"app": each.name}},
        "template": {"metadata": {"labels": {"app": each.name}}, "spec": _make_pod(each)},
    }
    if each.data:
        spec["serviceName"] = each.name
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Gi"}}}
        spec["volumeClaimTemplates"] = [{"metadata": _name("data"), "spec": claim}]
    kind = "StatefulSet" if each.data else "Deployment"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": _name(each.name), "spec": spec}


def _make_pod(each: Process) -> dict[str, Any]:
    limits = {"memory": each.memory, "cpu": each.processors}
    made: dict[str, Any] = {"name": each.name, "image": each.image}
    if each.command:
        made["command" if each.image == IMAGE else "args"] = list(each.command)
    if each.image == IMAGE:
        made["envFrom"] = [{"configMapRef": _name("strandline")}]
    secrets = [("POSTGRES_PASSWORD" if each is CATALOG else name, name) for name in each.secrets]
    own = each.environment if each.image != IMAGE else {}
    environment: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in own.items()]
    environment += [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "strandline", "key": key}}}
        for name, key in secrets
    ]
    if environment:
        made["env"] = environment
    if each.port is not None:
        made["ports"] = [{"containerPort": each.port}]
    if each.is_alive:
        made["livenessProbe"] = {"httpGet": _ask(each.is_alive, each), "periodSeconds": 10}
    if each.is_ready:
        made["readinessProbe"] = {"httpGet": _ask(each.is_ready, each), "periodSeconds": 5}
    made["resources"] = {"limits": limits, "requests": {"memory": each.memory, "cpu": "100m"}}
    pod: dict[str, Any] = {"terminationGracePeriodSeconds": each.stop_s, "containers": [made]}
    mounts = [{"name": "data", "mountPath": each.data}] if each.data else []
    if each is CATALOG:
        made["env"].append({"name": "PGDATA", "value": f"{each.data}/pgdata"})
    if each is STORE:
        mounts.append({"name": "s3", "mountPath": "/etc/store"})
        pod["volumes"] = [{"name": "s3", "secret": {"secretName": "strandline-s3"}}]
    if each.image == IMAGE:
        pod["securityContext"] = {"runAsNonRoot": True, "runAsUser": 1000}
    if mounts:
        made["volumeMounts"] = mounts
    return pod


def _ask(path: str, each: Process) -> dict[str, Any]:
    return {"path": path, "port": each.port, "httpHeaders": [{"name": "Host", "value": PROBED_AS}]}


def _name(name: str) -> dict[str, str]:
    return {"name": name}


def list_files() -> dict[str, str]:
    """The text of each file, by its name."""
    compose = yaml.safe_dump(make_compose(), sort_keys=False, width=118)
    kubernetes = yaml.safe_dump_all(make_kubernetes(), sort_keys=False, width=118)
    head = f"# Made by deploy/generate.py; change it there. Not tried on a cluster: {HOW}\n"
    return {"compose.yaml": head + compose, "kubernetes.yaml": head + kubernetes}


def main() -> int:
    """Writes the files, or with ``--check``, says which of them are out of date; then the exit status is 1."""
    status = 0
    for name, text in list_files().items():
        path = FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path} is out of date; run python deploy/generate.py", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main())
