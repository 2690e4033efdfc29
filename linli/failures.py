"""What goes wrong in a way that a person can mend: said in a sentence, without a traceback."""

from __future__ import annotations


class Failure(Exception):
    """A sentence for the person at the terminal; the command ends with ``exit_code``."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
