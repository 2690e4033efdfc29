"""Finding the platforms that run on this machine, for the commands that look after them."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from linli.failures import Failure
from linli.stack import databases
from linli.stack.platform import state_folder


@dataclass(frozen=True, kw_only=True)
class Running:
    """A platform as it wrote itself down when it became ready."""

    name: str
    kind: str
    base_url: str
    clock: str
    processes: Mapping[str, str]
    database_urls: Mapping[str, str]
    amqp_url: str
    redis_url: str


def names() -> list[str]:
    """Every platform that has a state folder."""
    return sorted(file.parent.name for file in state_folder("x").parent.glob("*/state.json"))


def running(name: str) -> Running | None:
    """The platform ``name``, if it runs."""
    file = state_folder(name) / "running.json"
    try:
        written = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not psutil.pid_exists(written.pop("pid")):
        return None
    written.pop("since", None)
    return Running(name=name, **written)


def the_platform(name: str | None) -> Running:
    """The platform ``name``, or the only one that runs; raises :class:`Failure` when that is not clear."""
    if name is not None:
        found = running(name)
        if found is None:
            raise Failure(f"The platform {name!r} is not running.")
        return found
    candidates = [platform for platform in map(running, names()) if platform is not None]
    if not candidates:
        raise Failure("No platform is running here: start one with `linli run` or `linli up`.")
    if len(candidates) > 1:
        several = ", ".join(platform.name for platform in candidates)
        raise Failure(f"Several platforms are running ({several}): say which with --name.", exit_code=2)
    return candidates[0]


def database_urls(name: str | None) -> dict[str, str]:
    """Databases by service: those the environment names, else those of a platform that runs here."""
    owners = databases.owners()
    given = {owner: os.environ.get(f"LINLI_{owner.upper()}_DATABASE_URL", "") for owner in owners}
    if name is None and any(given.values()):
        return {owner: url for owner, url in given.items() if url}
    return dict(the_platform(name).database_urls)


def health(address: str) -> str:
    """What the process at ``address`` says of itself, in two words at most."""
    try:
        with urllib.request.urlopen(f"http://{address}/health/ready", timeout=2) as answer:
            return "ready" if answer.status == 200 else "not ready"
    except urllib.error.HTTPError:
        return "not ready"
    except OSError:
        return "not there"
