"""Where things are: the three folders that environment variables move (see the README)."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def _folder(variable: str, default: str) -> Path:
    path = Path(os.environ.get(variable) or default)
    return path if path.is_absolute() else PROJECT / path


def landing() -> Path:
    """The landing zone: raw files, exactly as received."""
    return _folder("AI_COST_LANDING", "landing")


def warehouse() -> Path:
    """Holds `build.duckdb` (worked on) and `ai_cost.duckdb` (published)."""
    return _folder("AI_COST_WAREHOUSE", "warehouse")


def company() -> Path:
    """The company's own seeds."""
    return _folder("AI_COST_COMPANY", "seeds/company")


def published() -> Path:
    """The published copy: what BI and analysts read."""
    return warehouse() / "ai_cost.duckdb"


def answer_key() -> Path:
    """The demo's answer key, outside the landing zone; no model reads it."""
    return warehouse() / "demo_answer_key.json"
