"""The dbt-duckdb plugin: creates the warehouse folder, and gives SQL the one thing it lacks, an atomic file swap."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from ai_cost_audit import settings


class Plugin(BasePlugin):
    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Plain `dbt build` works on a fresh clone: DuckDB does not create the folder of its file."""
        refuse_seeds_outside_the_project(os.environ.get("AI_COST_COMPANY", ""))
        if self.creds is not None:
            refuse_another_warehouse(Path(self.creds.path))
            Path(self.creds.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        # Macros read seeds by their path below the project, wherever dbt was started.
        project = str(settings.PROJECT).replace("'", "''")
        conn.execute(f"set global file_search_path = '{project}'")
        conn.create_function("remove_file", remove_file, side_effects=True)
        conn.create_function("swap_in_file", swap_in_file, side_effects=True)


def refuse_seeds_outside_the_project(company: str) -> None:
    """dbt writes the SQL it runs to target/run/ + the seed's path, and for an absolute path that is the seed itself.

    Seen with dbt 1.11: `dbt build` overwrote every CSV of an absolute seed folder. A link inside the project is safe.
    """
    if Path(company).is_absolute() or ".." in Path(company).parts:
        raise ValueError(
            f"AI_COST_COMPANY={company}: dbt would overwrite seeds outside the project. Link the folder into it "
            f"(mkdir -p seeds/linked && ln -s {company} seeds/linked/) and set AI_COST_COMPANY to "
            f"seeds/linked/{Path(company).name}; `ai-cost init` does both."
        )


def refuse_another_warehouse(database: Path) -> None:
    """dbt and `ai-cost` must mean the same warehouse, whatever folder dbt was started in."""
    if database.resolve().parent != settings.warehouse().resolve():
        raise ValueError(
            f"dbt was started outside the project and would build in {database.resolve().parent}, while `ai-cost` "
            f"reads {settings.warehouse()}. Start dbt in {settings.PROJECT}, or set AI_COST_WAREHOUSE to an absolute "
            "path."
        )


def remove_file(path: str) -> str:
    """Remove what a build that was killed while publishing left behind."""
    for leftover in (Path(path), Path(path + ".wal")):
        leftover.unlink(missing_ok=True)
    return path


def swap_in_file(written: str, published: str) -> str:
    """Put a whole, synced file in the place of the published one; a reader of the old one keeps reading it."""
    descriptor = os.open(written, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(written, published)
    folder = os.open(Path(published).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return published
