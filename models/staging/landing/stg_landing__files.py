"""The file registry: one row per file of the landing zone. What it does is in ai_cost_audit/landing.py."""


def model(dbt, session):
    dbt.config(materialized="table")

    from datetime import date

    from ai_cost_audit import landing, settings

    zone, relation = settings.landing(), str(dbt.this)
    if not zone.is_dir():
        raise FileNotFoundError(
            f"{zone}: the landing zone is not there. Check AI_COST_LANDING or the mount; `ai-cost init` and "
            "`ai-cost demo` make one."
        )
    known = landing.load_registry(session, relation)
    as_of = dbt.config.get("as_of")
    files = landing.scan(
        zone,
        settings.warehouse() / "repaired",
        known,
        as_of=date.fromisoformat(str(as_of)) if as_of else None,
    )
    if known and not files:
        raise FileNotFoundError(
            f"{zone}: the landing zone is empty or missing, and the last build read {len(known)} files from it. "
            "Check AI_COST_LANDING or the mount; to start over, remove build.duckdb."
        )
    return landing.as_relation(session, files)
