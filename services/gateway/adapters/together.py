"""Questions that come while one is being answered wait, and are answered together by the next one who asks.

Under load a statement then serves several requests, and whoever leads lets a few more come; without load
nobody waits for anybody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar, cast

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_MOST = 100
# Questions that come closer together than this are load, and then a question waits so long for others.
_LOAD_SECONDS = 0.02
_PAUSE_SECONDS = 0.004


class _Asker(Generic[Question, Answer]):
    """Someone who waits: for an answer, or for the turn to answer."""

    __slots__ = ("answer", "answered", "error", "gone", "leads", "matter", "question", "turn")

    def __init__(self, matter: Hashable, question: Question) -> None:
        self.matter = matter
        self.question = question
        # Held until it is this one's turn; made only for those who have to wait.
        self.turn: threading.Lock | None = None
        self.leads = False
        self.gone = False
        self.answered = False
        self.answer: Answer | None = None
        self.error: Exception | None = None

    def result(self) -> Answer:
        if self.error is not None:
            raise self.error
        return cast(Answer, self.answer)


class Together(Generic[Question, Answer]):
    """Hands ``answer_all`` the questions that wait, one handful at a time, at most one about each matter.

    When ``answer_all`` fails over several questions, each is asked by itself, so that none spoils the
    others; unless ``concerns_all`` says of the error that it would meet every one of them. So
    ``answer_all`` has to bear being asked the same again.
    """

    def __init__(
        self,
        answer_all: Callable[[list[Question]], Sequence[Answer]],
        concerns_all: Callable[[Exception], bool],
    ) -> None:
        self._answer_all = answer_all
        self._concerns_all = concerns_all
        self._lock = threading.Lock()
        self._waiting: list[_Asker[Question, Answer]] = []
        self._busy = False
        self._ended_at = 0.0

    def ask(self, matter: Hashable, question: Question) -> Answer:
        mine: _Asker[Question, Answer] = _Asker(matter, question)
        with self._lock:
            if self._busy:
                mine.turn = threading.Lock()
                mine.turn.acquire()
                self._waiting.append(mine)
            else:
                self._busy = mine.leads = True
        if mine.turn is not None:
            self._wait(mine, mine.turn)
        if mine.leads:
            self._lead(mine)
        return mine.result()

    def _wait(self, mine: _Asker[Question, Answer], turn: threading.Lock) -> None:
        try:
            turn.acquire()
        except BaseException:
            # Killed while waiting: what was handed to this one meanwhile goes on to the next.
            with self._lock:
                mine.gone = True
                if mine in self._waiting:
                    self._waiting.remove(mine)
            if mine.leads:
                self._pass_on([])
            raise

    def _lead(self, mine: _Asker[Question, Answer]) -> None:
        handful = [mine]
        try:
            if time.monotonic() - self._ended_at < _LOAD_SECONDS:
                time.sleep(_PAUSE_SECONDS)
            handful += self._others(mine.matter)
            self._answer(handful)
        finally:
            self._ended_at = time.monotonic()
            self._pass_on(handful[1:])

    def _others(self, matter: Hashable) -> list[_Asker[Question, Answer]]:
        """Take those who wait, but for whoever asks about the matter of another one."""
        taken: list[_Asker[Question, Answer]] = []
        left: list[_Asker[Question, Answer]] = []
        matters = {matter}
        with self._lock:
            for asker in self._waiting:
                if asker.matter in matters or len(taken) == _MOST:
                    left.append(asker)
                else:
                    taken.append(asker)
                    matters.add(asker.matter)
            self._waiting = left
        return taken

    def _answer(self, handful: list[_Asker[Question, Answer]]) -> None:
        try:
            answers = self._answer_all([asker.question for asker in handful])
        except Exception as error:
            alone = len(handful) > 1 and not self._concerns_all(error)
            for asker in handful:
                if alone:
                    self._answer([asker])
                else:
                    asker.error, asker.answered = error, True
            return
        for asker, answer in zip(handful, answers, strict=True):
            asker.answer, asker.answered = answer, True

    def _pass_on(self, served: list[_Asker[Question, Answer]]) -> None:
        """Wake those who were served, and let one of those who wait lead."""
        with self._lock:
            # Whoever is without an answer because the one who led was killed waits again, before the others.
            self._waiting[:0] = [asker for asker in served if not asker.answered and not asker.gone]
            following = self._waiting.pop(0) if self._waiting else None
            self._busy = following is not None
            if following is not None:
                following.leads = True
        for asker in served:
            if asker.answered and asker.turn is not None:
                asker.turn.release()
        if following is not None and following.turn is not None:
            following.turn.release()
