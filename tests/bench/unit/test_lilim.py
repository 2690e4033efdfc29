"""`linli bench lilim`: files in, judged solutions out, and a sentence for what is wrong."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from linli.bench import bench
from linli.bench.lilim import Solver, solve
from linli.bench.pdptw import check, files_in, read, read_best
from linli.cli import needing
from linli.failures import Failure
from tests.bench.unit.test_fleet import INSTANCE, an_instance

SHORTEST = 30 + (30**2 + 15**2) ** 0.5 + 25 + 40


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(bench, ["lilim", *map(str, arguments)], catch_exceptions=True)
    said = done.output
    if isinstance(done.exception, Failure):
        return done.exception.exit_code, f"{said}{done.exception}"
    return done.exit_code, said


@pytest.mark.parametrize("solver", list(Solver))
def test_either_solver_finds_the_one_vehicle_and_its_shortest_way(tmp_path: Path, solver: Solver) -> None:
    found = solve(read(an_instance(tmp_path)), solver, 0.3, seed=1)
    assert found.wrong == []
    assert (len(found.routes), found.length) == (1, pytest.approx(SHORTEST))


def test_both_solvers_stand_beside_each_other_and_their_solutions_hold(tmp_path: Path) -> None:
    file, best, out = an_instance(tmp_path), tmp_path / "best.csv", tmp_path / "out"
    best.write_text("instance,tasks,vehicles,distance\nsmall,6,1,128.5410\n", encoding="utf-8")
    code, said = run(
        file, "--best", best, "--seconds", 0.3, "--solutions", out, "--solver", "own", "--solver", "pyvrp"
    )
    assert code == 0, said
    row = next(line for line in said.splitlines() if line.startswith("small"))
    assert row.split() == ["small", "1", "128.54", "1", "128.54", "0.00", "1", "128.54", "0.00"]
    for who in ("own", "pyvrp"):
        lines = (out / who / "small.txt").read_text(encoding="utf-8").splitlines()
        assert [line.split(":")[0].strip() for line in lines[:5]] == [
            "Instance name",
            "Authors",
            "Date",
            "Reference",
            "Solution",
        ]
        routes = [[int(task) for task in line.split(":")[1].split()] for line in lines[5:]]
        assert check(read(file), routes) == ([], pytest.approx(SHORTEST))


def test_an_instance_that_cannot_be_solved_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "never.txt"
    file.write_text(INSTANCE.replace("5 0 15 8 400 500", "5 0 15 8 0 5"), encoding="utf-8")
    for solver in Solver:
        code, said = run(file, "--seconds", 0.1, "--solver", solver, "--solutions", tmp_path / "out")
        assert code == 1
        assert "no solution was found" in said
    assert not (tmp_path / "out").exists()


def test_without_pyvrp_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needing, "find_spec", lambda name: None if name == "pyvrp" else find_spec(name))
    code, said = run(an_instance(tmp_path), "--solver", "pyvrp")
    assert code == 2
    assert "make setup-slots" in said


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (INSTANCE, "", "is empty"),
        ("3 10 1", "many 10 1", "line 1: expected the number of vehicles"),
        ("0 900 2 0 2", "0 900 2 0", "line 3: expected nine numbers"),
        ("2 20 0 -5", "7 20 0 -5", "numbered from 0"),
        ("0 900 2 0 2", "0 900 2 0 4", "no half of a pair"),
        ("2 20 0 -5", "2 20 0 -4", "do not load what they unload"),
    ],
    ids=["empty", "no numbers", "too short", "a gap", "not paired", "demand"],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    tmp_path: Path, before: str, after: str, sentence: str
) -> None:
    assert before in INSTANCE
    file = tmp_path / "wrong.txt"
    file.write_text(INSTANCE.replace(before, after, 1), encoding="utf-8")
    code, said = run(file)
    assert code == 2
    assert sentence in said
    assert "wrong.txt" in said


def test_folders_are_looked_into_and_what_is_not_there_is_said(tmp_path: Path) -> None:
    file = an_instance(tmp_path)
    assert files_in([tmp_path]) == [file]
    for wrong in (tmp_path / "nothing", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(Failure):
            files_in([wrong])
    with pytest.raises(Failure, match="no table of best known"):
        read_best(file)
