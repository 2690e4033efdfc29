"""What lies in deploy/ knows every service and can be read by what it is for."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from linli.processes import discovery
from linli.stack.broker_rights import reader_url
from linli.stack.platform import declare_topology
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.state import ROOT
from linli_events import NotPermitted, connect

DEPLOY = ROOT / "deploy"


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("service", discovery.all_services())
def test_compose_runs_every_service_on_its_own_image_and_database(service: str) -> None:
    made = _compose()["services"][service]
    assert made["image"] == f"linli/{service}"
    assert made["build"]["args"] == {"SERVICE": service}
    databases = [name for name in made["environment"] if name.endswith("_DATABASE_URL")]
    assert databases == [f"LINLI_{service.upper()}_DATABASE_URL"]


def test_compose_names_what_it_mounts_and_waits_for() -> None:
    compose = _compose()
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = (DEPLOY / source).exists() if source.startswith(".") else source in compose["volumes"]
            assert known, f"{name}: {volume}"


def test_the_dockerfile_copies_what_there_is() -> None:
    text = (DEPLOY / "service.Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.M):
        for source in line.replace("${SERVICE}", "ordering").split()[:-1]:
            for requirements in ("requirements", "requirements-kernel"):
                assert (ROOT / source.replace("${REQUIREMENTS}", requirements)).exists(), line


def test_prometheus_scrapes_every_process_of_compose() -> None:
    loaded = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    targets = {target.split(":")[0] for target in loaded["scrape_configs"][0]["static_configs"][0]["targets"]}
    assert targets == {*discovery.all_services(), "relay", "planner"}


def test_the_scripts_are_sound_shell() -> None:
    scripts = [
        file
        for folder in (DEPLOY, ROOT / ".ci")
        for file in folder.rglob("*")
        if file.is_file() and file.read_bytes().startswith(b"#!")
    ]
    assert len(scripts) >= 5
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_definitions_are_what_the_platform_declares(
    rabbitmq_server: PrivateRabbit, tmp_path: Any
) -> None:
    """RabbitMQ refuses a queue that is declared again with other arguments."""
    made = json.loads((DEPLOY / "rabbitmq" / "definitions.json").read_text())
    url = rabbitmq_server.add_vhost("definitions")
    for kind in ("exchanges", "queues", "bindings", "permissions"):
        for entry in made[kind]:
            entry["vhost"] = "definitions"
    made["vhosts"] = [{"name": "definitions"}]
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps(made))
    rabbitmq_server.control("import_definitions", str(file))
    before = rabbitmq_server.control("list_bindings", "-p", "definitions")
    declare_topology(url)
    assert sorted(rabbitmq_server.control("list_bindings", "-p", "definitions").split("\n")) == sorted(
        before.split("\n")
    )
    held = rabbitmq_server.control("list_user_permissions", "analyst")
    assert "definitions\t^$\t^$\t^events$" in held
    # Without a password nobody signs in; whoever runs the broker gives one.
    analyst = reader_url(url, "analyst", "")
    with pytest.raises(NotPermitted):
        connect(analyst).bounds()
    rabbitmq_server.control("change_password", "analyst", said="given-afterwards")
    assert connect(reader_url(url, "analyst", "given-afterwards")).bounds() is None
    rabbitmq_server.control("delete_user", "analyst")
    rabbitmq_server.control("delete_vhost", "definitions")
