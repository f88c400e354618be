"""The files for containers are those that the description gives, and all that they name exists. None is run here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import team
from builders.postgres import find_server_programs
from builders.served import serving_storage_dir
from deploy import generate
from strandline.cli.overview import COMMANDS
from strandline.runtime.setting_sources import Origin
from strandline.runtime.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
OURS = (generate.SERVER, generate.WORKER)


def read_kubernetes() -> list[dict[str, Any]]:
    """The manifests."""
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def test_the_files_are_up_to_date() -> None:
    """As ``python deploy/generate.py`` writes them."""
    for name, text in generate.list_files().items():
        assert (DEPLOY / name).read_text() == text, "run python deploy/generate.py"


def test_compose_fits_the_published_schema(tmp_path: Path) -> None:
    """The file is valid, and the check notices a key that does not exist."""
    broken = tmp_path / "broken.yaml"
    broken.write_text((DEPLOY / "compose.yaml").read_text().replace("healthcheck:", "health:", 1))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    command += ["--output-format", "json", str(DEPLOY / "compose.yaml"), str(broken)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert {each["filename"] for each in json.loads(done.stdout)["errors"]} == {str(broken)}


def test_manifests_name_only_what_there_is() -> None:
    """Each service leads to the port of a workload, each probe to a port, and each mounted volume is claimed."""
    documents = read_kubernetes()
    workloads = {
        each["metadata"]["name"]: each for each in documents if each["kind"] in ("Deployment", "StatefulSet")
    }
    (config,) = (each["data"] for each in documents if each["kind"] == "ConfigMap")
    assert config == generate.SETTINGS
    for service in (each for each in documents if each["kind"] == "Service"):
        template = workloads[service["spec"]["selector"]["app"]]["spec"]["template"]
        assert template["metadata"]["labels"]["app"] == service["spec"]["selector"]["app"]
        ports = {port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["port"] for port in service["spec"]["ports"]} <= ports
    for name, workload in workloads.items():
        pod = workload["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        claims = {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])}
        volumes = claims | {each["name"] for each in pod.get("volumes", [])}
        assert {each["name"] for each in container.get("volumeMounts", [])} == volumes, name
        assert container["resources"]["limits"].keys() == {"memory", "cpu"}


def test_settings_and_commands_exist(tmp_path: Path) -> None:
    """The settings are settings, and the commands are those that ``make demo-team`` runs."""
    settings = Settings.load(tmp_path, environ=generate.SETTINGS)
    given = {row.variable for row in settings.iter_settings() if row.origin is Origin.ENVIRONMENT}
    assert given == set(generate.SETTINGS)
    assert [each.command[1:] for each in OURS] == [team.SERVE, team.WORK]
    for each in OURS:
        assert each.command[1] in COMMANDS


@pytest.mark.parametrize("path", [generate.SERVER.is_alive, generate.SERVER.is_ready])
def test_probes_are_answered(tmp_path: Path, path: str) -> None:
    """A cluster signs in nowhere."""
    with serving_storage_dir(tmp_path) as served, served.as_stranger() as stranger:
        assert stranger.get(path, headers={"host": generate.PROBED_AS}).status_code == 200


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_organization_works() -> None:
    """What ``make demo-team`` shows is so: it ends with an error otherwise."""
    find_server_programs()  # skips where PostgreSQL is not installed
    done = subprocess.run(
        [sys.executable, DEPLOY.parent / "demo/team.py"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "told of it at once, and shows it" in done.stdout
    assert "5 images before, and the same 5 after" in done.stdout
