"""What is imported is declared, what is declared is locked, and no lock says where to download from."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, files, python_files

LOCKS = (
    "requirements",
    "requirements-kernel",
    "requirements-analysis",
    "requirements-slots",
    "requirements-wechat",
    "requirements-dev",
    "requirements-pip",
)
_OURS = {"services", "shared", "linli", "linli_events", "tests", "benchmarks"}
# Bought in with another: nameko is built on eventlet's greenlets and kombu on amqp.
_TOGETHER = {"greenlet", "amqp"}
_INDEX = re.compile(
    r"--(extra-)?index-url|--find-links|--trusted-host|^\s*(extra-)?index-url\s*=|pypi\.org/simple", re.M
)


def _declared(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    found = {re.split(r"[<>=;!\[ ]", line, maxsplit=1)[0] for line in lines if re.match(r"[a-z]", line)}
    return {_normal(requirement) for requirement in found}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(*folders: str) -> set[str]:
    names = set().union(*map(_imported_by, python_files(*folders)))
    return names - set(sys.stdlib_module_names) - _OURS - _TOGETHER


def _imported_by(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    ("folders", "files_"),
    [
        (
            ("services", "shared"),
            (
                "requirements.txt",
                "requirements-kernel.txt",
                "requirements-slots.txt",
                "requirements-wechat.txt",
            ),
        ),
        (("linli",), ("requirements.txt", "requirements-analysis.txt")),
        (("tests", "benchmarks"), ("requirements.txt", "requirements-analysis.txt", "requirements-dev.txt")),
    ],
)
def test_every_imported_distribution_is_declared(folders: tuple[str, ...], files_: tuple[str, ...]) -> None:
    declared = set().union(*map(_declared, files_))
    owners = packages_distributions()
    undeclared = {
        name
        for name in _imported(*folders)
        if not {_normal(owner) for owner in owners.get(name, [name])} & declared
    }
    assert undeclared == set()


def test_only_the_analysts_part_of_the_tool_needs_the_heavy_libraries() -> None:
    """`make run` installs none of them, so nothing else may import them."""
    heavy = {"pyarrow", "duckdb", "matplotlib"}
    assert heavy <= _declared("requirements-analysis.txt")
    assert not heavy & _declared("requirements.txt")
    elsewhere = [
        str(file.relative_to(ROOT))
        for file in python_files("services", "shared", "linli")
        if file.parent != ROOT / "linli" / "events" and _imported_by(file) & heavy
    ]
    assert elsewhere == ["linli/simulation/pictures.py"], "which `linli simulate` imports when it has to draw"


def test_only_the_compiled_kernel_needs_the_compiler() -> None:
    """The engine runs without it, as plain Python."""
    compiler = {"numba", "numpy"}
    assert compiler <= _declared("requirements-kernel.txt")
    assert not compiler & _declared("requirements.txt")
    users = {
        str(file.relative_to(ROOT))
        for file in python_files("services", "shared", "linli")
        if file.parent != ROOT / "linli" / "events" and _imported_by(file) & compiler
    }
    engine = "services/dispatch/engine"
    assert users == {f"{engine}/compiled.py", f"{engine}/bundling/compiled.py"}


def test_only_its_adapter_needs_pyvrp() -> None:
    """Slots are planned without it, by the engine."""
    assert "pyvrp" in _declared("requirements-slots.txt")
    users = {
        str(file.relative_to(ROOT))
        for file in python_files("services", "shared", "linli")
        if "pyvrp" in _imported_by(file)
    }
    assert users == {"services/dispatch/adapters/pyvrp_pairs.py"}


def test_only_its_adapter_needs_the_library_of_wechat_pay() -> None:
    """Where WeChat Pay is no method, ordering runs without it."""
    assert "wechatpayv3" in _declared("requirements-wechat.txt")
    users = {
        str(file.relative_to(ROOT))
        for file in python_files("services", "shared", "linli")
        if "wechatpayv3" in _imported_by(file)
    }
    assert users == {"services/ordering/adapters/wechat_pay.py"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_declared_requirement_is_locked_with_hashes(name: str) -> None:
    lock = (ROOT / f"{name}.lock").read_text()
    locked = {_normal(line.split("==")[0]) for line in lock.splitlines() if "==" in line}
    assert _declared(f"{name}.txt") <= locked
    entries = re.split(r"\n(?=[a-z])", lock.strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_no_file_names_a_package_index() -> None:
    ours = __file__
    named = [
        str(file.relative_to(ROOT))
        for file in files()
        if str(file) != ours
        and (file.suffix in {".txt", ".lock", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".sh", ".Dockerfile"}
             or file.name in {"Makefile", "setup", "lock"})
        and _INDEX.search(file.read_text(encoding="utf-8").replace("--no-emit-index-url", ""))
    ]  # fmt: skip
    assert named == []


def test_the_locks_hold_no_address() -> None:
    for name in LOCKS:
        assert "://" not in (ROOT / f"{name}.lock").read_text()
