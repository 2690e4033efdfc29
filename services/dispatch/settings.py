"""Every environment variable that only dispatch reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from environs import Env, validate

from services.dispatch.application.hindsight import HindsightPolicy
from services.dispatch.application.planner import PlannerPolicy, business_span
from services.dispatch.application.slot_planning import SlotPolicy
from services.dispatch.application.travelling import TravelPolicy
from shared.kernel.clock import Clock

SLOT_SOLVERS = ("auto", "own", "pyvrp")


@dataclass(frozen=True, kw_only=True)
class RouterSettings:
    """Whom to ask for travel times, and how they are remembered."""

    url: str
    profile: str
    seconds: float
    limit: int
    travel: TravelPolicy


@dataclass(frozen=True, kw_only=True)
class Settings:
    """``expiry_grace_seconds`` is wall time: how long a message about a hold may take to arrive.

    ``slot_solver`` is ``own``, ``pyvrp``, or ``auto``: the better plan of both, where PyVRP is installed.
    Plans are kept on record for ``record_hours`` of business time, and as many of a zone's newest as fit into
    ``record_megabytes``; pictures for ``photo_days`` of business time.
    """

    expiry_grace_seconds: float
    policy: PlannerPolicy
    slots: SlotPolicy = field(default_factory=SlotPolicy)
    slot_solver: str = "auto"
    hindsight: HindsightPolicy = field(default_factory=HindsightPolicy)
    router: RouterSettings | None = None
    record_hours: float = 24.0
    record_megabytes: float = 64.0
    photo_days: float = 30.0

    def expiry_grace(self, clock: Clock) -> timedelta:
        """The grace in business time: messages take wall time, however fast the clock runs."""
        return business_span(self.expiry_grace_seconds, clock)


def read_settings() -> Settings:
    """Read and check them; what is wrong is said in one message (:class:`environs.EnvValidationError`)."""
    env = Env(eager=False)
    above_zero = validate.Range(min=0, min_inclusive=False)
    usual = PlannerPolicy()
    with env.prefixed("LINLI_DISPATCH_"):
        grace = env.float("EXPIRY_GRACE_SECONDS", 10.0, validate=validate.Range(min=0, max=3_600))
        at_least_every = env.float("PLAN_EVERY_SECONDS", 30.0, validate=above_zero)
        debounce = env.float("PLAN_DEBOUNCE_SECONDS", 5.0, validate=validate.Range(min=0))
        least_wall = env.float("PLAN_PAUSE_WALL_SECONDS", usual.least_wall_seconds, validate=above_zero)
        answer_wall = env.float("OFFER_WALL_SECONDS", usual.answer_wall_seconds, validate=above_zero)
        rounds = env.int("PLAN_ROUNDS", usual.rounds, validate=validate.Range(min=0, max=10_000))
        build = env.float("PLAN_BUILD_SECONDS", usual.build_seconds, validate=above_zero)
        solve = env.float("PLAN_SOLVE_SECONDS", usual.solve_seconds, validate=above_zero)
        lease = env.float("PLAN_LEASE_SECONDS", usual.lease_seconds, validate=above_zero)
        solver = env.str("SLOT_SOLVER", "auto", validate=validate.OneOf(SLOT_SOLVERS))
        slot_seconds = env.float("SLOT_SECONDS", SlotPolicy().seconds, validate=above_zero)
        slot_hours = env.float("SLOT_AHEAD_HOURS", 36.0, validate=above_zero)
        hindsight = env.float(
            "HINDSIGHT_SECONDS", HindsightPolicy().seconds, validate=validate.Range(min=0, max=600)
        )
        router = _router(env)
        hours = env.float("RECORD_HOURS", 24.0, validate=validate.Range(min=0, max=24 * 366))
        photo_days = env.float("PHOTO_DAYS", 30.0, validate=validate.Range(min=0, max=366))
        megabytes = env.float("RECORD_MEGABYTES", 64.0, validate=validate.Range(min=0))
    env.seal()
    policy = PlannerPolicy(
        at_least_every=timedelta(seconds=at_least_every),
        debounce=timedelta(seconds=debounce),
        least_wall_seconds=least_wall,
        answer_wall_seconds=answer_wall,
        rounds=rounds,
        build_seconds=build,
        solve_seconds=solve,
        lease_seconds=lease,
        records=hours > 0 and megabytes > 0,
    )
    slots = SlotPolicy(ahead=timedelta(hours=slot_hours), seconds=slot_seconds)
    return Settings(
        expiry_grace_seconds=grace,
        policy=policy,
        slots=slots,
        slot_solver=solver,
        hindsight=HindsightPolicy(seconds=hindsight),
        router=router,
        record_hours=hours,
        record_megabytes=megabytes,
        photo_days=photo_days,
    )


def _router(env: Env) -> RouterSettings | None:
    above_zero = validate.Range(min=0, min_inclusive=False)
    usual = TravelPolicy()
    is_url = validate.URL(schemes={"http", "https"}, require_tld=False)
    url = env.str("ROUTER_URL", None, validate=lambda said: said == "" or is_url(said))
    limit = env.int("ROUTER_TABLE_LIMIT", 100, validate=validate.Range(min=1, max=10_000))
    patience = env.float(
        "ROUTER_PATIENCE_SECONDS", usual.patience_seconds, validate=validate.Range(min=0, max=5)
    )
    settings = RouterSettings(
        url=url or "",
        profile=env.str("ROUTER_PROFILE", "bike", validate=validate.Regexp(r"[A-Za-z0-9_-]{1,40}\Z")),
        seconds=env.float("ROUTER_TIMEOUT_SECONDS", 2.0, validate=above_zero),
        limit=limit,
        travel=TravelPolicy(
            patience_seconds=patience,
            rest_seconds=env.float("ROUTER_REST_SECONDS", usual.rest_seconds, validate=above_zero),
            most_pairs=env.int("ROUTER_CACHE_PAIRS", usual.most_pairs, validate=validate.Range(min=1000)),
            fresh_seconds=env.float("ROUTER_CACHE_SECONDS", usual.fresh_seconds, validate=above_zero),
            at_once=limit,
        ),
    )
    return settings if url else None
