from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _disk_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests end processes, not machines: whether bytes have reached the disk makes no difference to them."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
