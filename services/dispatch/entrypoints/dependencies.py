"""What nameko hands to dispatch beside what every service is handed."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from services.dispatch.adapters.experience import Experience
from services.dispatch.adapters.proofs import Codes
from services.dispatch.adapters.zones import KnownZones
from services.dispatch.settings import Settings, read_settings


class SettingsProvider(DependencyProvider):
    """Dispatch's settings, read and checked once when the service starts."""

    def setup(self) -> None:
        self.settings = read_settings()

    def get_dependency(self, _worker_ctx: Any) -> Settings:
        return self.settings


class ExperienceProvider(DependencyProvider):
    """The process's memory of how things went."""

    def setup(self) -> None:
        self.experience = Experience()

    def get_dependency(self, _worker_ctx: Any) -> Experience:
        return self.experience


class KnownZonesProvider(DependencyProvider):
    """The process's memory of the zones."""

    def setup(self) -> None:
        self.known = KnownZones()

    def get_dependency(self, _worker_ctx: Any) -> KnownZones:
        return self.known


class CodesProvider(DependencyProvider):
    """The process's memory of the key that codes are made with."""

    def setup(self) -> None:
        self.codes = Codes()

    def get_dependency(self, _worker_ctx: Any) -> Codes:
        return self.codes
