from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from linli.day import commands
from linli.day.made_up import Size, write_day
from linli.failures import Failure


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    write_day(tmp_path / "made-up", 7, Size(orders=4, couriers=2))
    with (tmp_path / "made-up" / "orders.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"order": 5}\n')
    return tmp_path / "made-up"


@pytest.mark.parametrize("command", ["import", "replay"])
def test_a_broken_day_is_refused_with_its_problems_before_anything_is_started(
    command: str, broken: Path, monkeypatch: pytest.MonkeyPatch
):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a platform was asked for")

    monkeypatch.setattr(commands, "running_here", never)
    monkeypatch.setattr("linli.day.starting.private_platform", never)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("import")(commands.import_day)
    app.command("replay")(commands.replay)
    result = CliRunner().invoke(app, [command, str(broken)])
    assert isinstance(result.exception, Failure)
    assert result.exception.exit_code == 2
    assert "orders.jsonl:5: order: must be a string, not a number" in result.output
    assert "orders.jsonl:5: lines: is missing" in result.output


def test_a_running_platform_elsewhere_needs_an_operator(broken: Path):
    (broken / "orders.jsonl").write_text(
        "".join((broken / "orders.jsonl").read_text("utf-8").splitlines(keepends=True)[:4]), "utf-8"
    )
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(commands.replay)
    result = CliRunner().invoke(app, [str(broken), "--url", "http://127.0.0.1:1"], env={"LINLI_OPERATOR": ""})
    assert isinstance(result.exception, Failure)
    assert "--operator" in str(result.exception)


def test_a_private_platform_is_one_of_two_kinds(broken: Path):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(commands.replay)
    day = Path(__file__).parents[3] / "samples" / "day"
    result = CliRunner().invoke(app, [str(day), "--stack", "imagined"])
    assert isinstance(result.exception, Failure)
