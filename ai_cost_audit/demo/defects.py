"""The defects that can be planted, and when in the audit month each one happens."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

PREMIUM = "premium_model_on_classification"
CACHE_BREAK = "stripped_prompt_caching"
RUNAWAY = "runaway_agent_loop"
BYPASS = "direct_key_bypass"
CREDIT = "provider_credit"
IDLE_POOL = "idle_gpu_weekend"
ORPHANED_JOB = "orphaned_training_job"
LAUNCH = "planned_launch"

ALL_DEFECTS = (PREMIUM, CACHE_BREAK, RUNAWAY, BYPASS, CREDIT, IDLE_POOL, ORPHANED_JOB, LAUNCH)

FINDING_TYPES = {
    PREMIUM: "model_tier_overspend",
    CACHE_BREAK: "cache_break",
    RUNAWAY: "runaway_session",
    BYPASS: "untraced_provider_spend",
    CREDIT: "provider_credit",
    IDLE_POOL: "idle_gpu_pool",
    ORPHANED_JOB: "orphaned_training_job",
}

PREMIUM_ROUTE = "ticket_triage/classify_ticket"
CACHE_ROUTE = "onboarding_guide/guided_chat"
RUNAWAY_ROUTE = "coding_agent/implement_ticket"
RUNAWAY_CALLS = 2_500
RUNAWAY_FREE_CALLS = 60
BYPASS_PROJECT = "proj_growth_direct"
LAUNCH_FEATURE = "support_copilot"
LAUNCH_MULTIPLE = 3
IDLE_POOL_ID = "batch-a100"
ORPHANED_JOB_ID = "job-finetune-0042"


def add_months(first: date, months: int) -> date:
    """The first day of the month that is `months` after the month of `first`."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def utc(day: date, hour: int = 0) -> datetime:
    """Midnight UTC of a day, plus whole hours."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


@dataclass(frozen=True)
class Calendar:
    """The simulated days, and the dates in the last of its months on which things happen."""

    start: date
    months: int
    plant: frozenset[str]

    @classmethod
    def of(cls, start: date, months: int, plant: Collection[str]) -> Calendar:
        """Check the arguments of a simulation; ValueError names what is wrong."""
        unknown = sorted(set(plant) - set(ALL_DEFECTS))
        if unknown:
            raise ValueError(f"unknown defects {unknown}; known are {list(ALL_DEFECTS)}")
        if start.day != 1:
            raise ValueError(f"start must be the first day of a month, not {start}")
        if months < 1:
            raise ValueError("months must be at least 1")
        return cls(start, months, frozenset(plant))

    @property
    def end(self) -> date:
        """The first day after the last simulated one."""
        return add_months(self.start, self.months)

    @property
    def days(self) -> list[date]:
        """Every simulated day."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days)]

    @property
    def month_starts(self) -> list[date]:
        """The first day of every simulated month."""
        return [add_months(self.start, n) for n in range(self.months)]

    @property
    def audit_month(self) -> date:
        """The last simulated month; every planted amount is of this month."""
        return add_months(self.end, -1)

    def audit_day(self, day_of_month: int) -> date:
        """A day of the audit month."""
        return self.audit_month + timedelta(days=day_of_month - 1)

    @property
    def idle_saturday(self) -> date:
        """The third Saturday of the audit month."""
        first = self.audit_month
        return first + timedelta(days=(5 - first.weekday()) % 7 + 14)

    def is_launch(self, day: date) -> bool:
        """Whether the planned launch triples its feature's traffic on this day."""
        return LAUNCH in self.plant and self.audit_day(20) <= day <= self.audit_day(23)

    def prompt_version(self, day: date) -> str:
        """The deployed prompt version of the route whose caching may break."""
        if day < self.audit_day(14):
            return "v12"
        return "v13" if day < self.audit_day(24) else "v14"

    def is_cache_broken(self, day: date) -> bool:
        """Whether the deployed version of that route has lost its prompt caching."""
        return CACHE_BREAK in self.plant and self.prompt_version(day) == "v13"
