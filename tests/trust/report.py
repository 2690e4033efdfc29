"""The report of a proof, as Markdown for people and as JSON for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from linli.stack.platform import state_folder
from tests.trust.figures import Service, effects, hits, outcomes, overall, to_wire
from tests.trust.oracle import Verdict
from tests.trust.proof import Proof

_SHOWN = 20
MUTANTS = state_folder("trust") / "mutants.json"


def write(proof: Proof, folder: Path, mutants: Sequence[Mapping[str, Any]] = ()) -> Path:
    """Write `report.md` and `report.json` into ``folder``; answers the first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(to_json(proof, mutants), indent=1, default=str) + "\n")
    page = folder / "report.md"
    page.write_text("\n".join(to_markdown(proof, mutants)) + "\n", encoding="utf-8")
    return page


def tried_mutants() -> list[Mapping[str, Any]]:
    """What the last `python -m tests.trust mutants` has left, where there was one."""
    try:
        outcome = json.loads(MUTANTS.read_text())
    except FileNotFoundError:
        return []
    results: list[Mapping[str, Any]] = outcome["results"]
    return results


def to_json(proof: Proof, mutants: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    return {
        "seed": proof.plan.seed,
        "holds": proof.holds,
        "knee_orders_a_second": proof.knee,
        "knee_steps": [to_wire(step) for step in proof.steps],
        "rate": proof.rate,
        "loaded_seconds": proof.loaded_until - proof.loaded_from,
        "quiet_after_seconds": proof.quiet_after,
        "wishes": outcomes(proof.wishes),
        "service": to_wire(overall(proof)),
        "faults": dict(Counter(blow.struck.kind for blow in proof.blows)),
        "failpoints": hits(proof),
        "missed": [to_wire(missed) for missed in proof.missed],
        "effects": [to_wire(effect) for effect in effects(proof)],
        "blows": [to_wire(blow.struck) | {"ready_after": blow.ready_after} for blow in proof.blows],
        "invariants": [to_wire(verdict) for verdict in proof.verdicts],
        "mutants": [dict(mutant) for mutant in mutants],
        "leases": dict(proof.leases),
        "surprises": proof.surprises,
    }


def to_markdown(proof: Proof, mutants: Sequence[Mapping[str, Any]] = ()) -> Iterator[str]:
    whole = overall(proof)
    counts = outcomes(proof.wishes)
    yield f"# Proof of trust, seed {proof.plan.seed}: {'holds' if proof.holds else '**broken**'}"
    yield ""
    knee = f" (knee {proof.knee:.1f})" if proof.knee is not None else ""
    yield (
        f"{proof.loaded_until - proof.loaded_from:.0f} s at {proof.rate:.1f} orders a second{knee},"
        f" {len(proof.blows)} faults, quiet {proof.quiet_after:.0f} s after the last order."
        f" Checkout calls took {_ms(whole.p50)} / {_ms(whole.p99)} ms (p50 / p99)."
    )
    yield from ("", "## Invariants", "", "| invariant | holds | looked at | remark |", "|---|---|--:|---|")
    for verdict in proof.verdicts:
        sign = "yes" if verdict.holds else f"**no: {len(verdict.offenders)}**"
        yield f"| {verdict.name} | {sign} | {verdict.looked_at} | {verdict.remark} |"
    for verdict in proof.verdicts:
        yield from _offenders(verdict)
    yield from ("", "## Wishes", "", "| call | ok | refused | unknown |", "|---|--:|--:|--:|")
    for call, found in counts.items():
        yield f"| {call} | {found.get('ok', 0)} | {found.get('refused', 0)} | {found.get('unknown', 0)} |"
    yield from ("", "## Faults", "")
    yield "Orders acknowledged a second, and p50 / p99 of checkout calls in ms: in the 5 s before, until all"
    yield "was ready again, and in the 5 s after. Then the median / worst seconds until ready, and until an"
    yield "order asked for after the cause was over had been acknowledged."
    yield ""
    yield "| kind | count | before | during | after | ready | next order |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for effect in effects(proof):
        yield (
            f"| {effect.kind} | {effect.count} | {_served(effect.before)} | {_served(effect.during)} |"
            f" {_served(effect.after)} | {effect.ready_median:.1f} / {effect.ready_worst:.1f} |"
            f" {effect.order_median:.1f} / {effect.order_worst:.1f} |"
        )
    if hits(proof):
        places = ", ".join(f"{place} {count}" for place, count in hits(proof).items())
        yield from ("", f"Named places at which a process was met: {places}.")
    if proof.leases:
        counts_of = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in proof.leases.items())
        yield from ("", f"Planners and zones: {counts_of}.")
    for missed in proof.missed:
        yield f"\n**{missed.kind} failed**: {missed.reason}"
    if mutants:
        yield from ("", "## Mutants", "", "| mutant | caught by |", "|---|---|")
        for mutant in mutants:
            yield f"| {mutant['name']} | {', '.join(mutant['caught_by']) or '**nothing**'} |"
    if proof.surprises:
        yield from ("", "## What people met and lived with", "")
        yield from (f"- {what}: {count}" for what, count in sorted(proof.surprises.items()))


def _offenders(verdict: Verdict) -> Iterator[str]:
    if verdict.holds:
        return
    yield from ("", f"### {verdict.name}", "")
    yield from (f"- {offender}" for offender in verdict.offenders[:_SHOWN])
    if len(verdict.offenders) > _SHOWN:
        yield f"- and {len(verdict.offenders) - _SHOWN} more"


def _served(service: Service) -> str:
    return f"{service.orders:.1f}; {_ms(service.p50)} / {_ms(service.p99)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
