"""Cases of `gpu_jobs/slurm_sacct`: damaged sacct output, and published output under the header it was made with."""

from __future__ import annotations

from pathlib import Path

import duckdb

SAMPLES = {"sacct-xdmod/*.log": 14}
# The columns in which XDMoD asked for them (shared/data/README.md); the files were made with --noheader.
XDMOD_HEADER = (
    "JobID|JobIDRaw|Cluster|Partition|QOS|Account|Group|GID|User|UID|Submit|Eligible|Start|End|Elapsed|ExitCode|State|"
    "NNodes|NCPUS|ReqCPUS|ReqMem|ReqTRES|AllocTRES|Timelimit|NodeList|JobName\n"
)


def prepare_sample(path: Path) -> tuple[str, str]:
    """The published lines under their header, which the landing zone needs as first line: file name and text."""
    return f"{path.stem}.psv", XDMOD_HEADER + path.read_text(encoding="utf-8")


def check_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """One of fourteen lines holds GPUs: two, for no time at all. A job that runs has no end, whatever it prints."""
    rows = connection.execute("""
        select count(*), sum(gpu_count), count(_reject_reason), count(distinct state), max(time_limit_hours),
            count(*) filter (state = 'running' and ended_at is not null)
        from staging.stg_gpu_jobs_slurm_sacct__jobs where _source_file not like '%golden%'
            and _source_file not like '%damaged%' and _source_file not like '%headerless%'
    """).fetchone()
    assert rows is not None
    assert (rows[0], rows[1], rows[2], str(rows[4]), rows[5]) == (14, 2, 0, "72.000000", 0)
