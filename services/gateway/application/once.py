"""Doing a keyed request once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.gateway.application.ports import KeyRecords
from services.gateway.domain.idempotency import KeptAnswer, KeyUse, kept_answer
from shared.kernel import failpoints


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    answer: KeptAnswer
    replayed: bool


def once(
    use: KeyUse,
    work: Callable[[], tuple[KeptAnswer, bool]],
    *,
    records: KeyRecords,
    attempt: str,
) -> Done:
    """Run ``work`` unless its key already has an answer.

    ``work`` gives its answer and whether it is final. What is not final (a part was down) is given to the
    caller and not kept, so that the same key may try again. When the process dies on the way, the claim is
    abandoned after a while and a repeated request runs ``work`` again; the services below are asked under
    the same ids and do nothing twice.
    """
    record = records.claim(use, attempt)
    if record is not None:
        return Done(answer=kept_answer(use, record), replayed=True)
    try:
        answer, final = work()
    except Exception:
        records.give_up(use, attempt)
        raise
    failpoints.reach("answer.before-keep")
    if final:
        records.keep(use, attempt, answer)
    else:
        records.give_up(use, attempt)
    return Done(answer=answer, replayed=False)
