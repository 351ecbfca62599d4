"""Cases of `gpu_jobs/slurm_sacct`: damaged sacct output, and published output under the header it was made with."""

from __future__ import annotations

from pathlib import Path

import duckdb

FORMAT = ("gpu_jobs/slurm_sacct", "jobs")
HEADER = "JobID|Partition|State|ElapsedRaw|Submit|Start|End|AllocTRES\n"
NOON = "2026-09-01T12:00:00"
ONE = "2026-09-01T13:00:00"


def job(**changes: str) -> str:
    """A good line with some fields changed."""
    usual = {
        "JobID": "1",
        "Partition": "gpu",
        "State": "COMPLETED",
        "ElapsedRaw": "3600",
        "Submit": NOON,
        "Start": NOON,
        "End": ONE,
        "AllocTRES": "gres/gpu=1",
    }
    return "|".join((usual | changes).values()) + "\n"


DAMAGED = [
    (
        "damaged.psv",
        HEADER
        + job(JobID="")
        + job(State="")
        + job(Submit="Unknown")
        + job(Start="noon")
        + job(End="12/09/26 13:00")
        + job(ElapsedRaw="-5")
        + job(AllocTRES="gres/gpu=-4")
        + job(AllocTRES="gres/gpu=two")
        + job(AllocTRES="gres/gpu=1000000")
        + job(AllocTRES="gres/gpu:a100=1,gres/gpu:v100=-1")
        + job(Partition="")
        + job(End="2026-09-01T11:00:00", ElapsedRaw="60")
        + job(End="2028-09-01T11:00:00")
        + job(Start="Unknown")
        + job(JobID="2|gpu")
        + "3|gpu|COMPLE",
        {
            2: "required field JobID is missing",
            3: "required field State is missing",
            4: "required field Submit is missing",
            5: "started is not a time of the form",
            6: "ended is not a time of the form",
            7: "elapsed_raw is negative: -5",
            8: "gpu_count is negative: -4",
            9: "gpu_count is not a whole number: two",
            10: "gpu_count is too large: 1000000",
            11: "gpu_count is negative: -1",
            12: "a job with GPUs names neither Partition nor Cluster",
            13: "End is before Start",
            14: "End is more than 366 days after Start",
            15: "a completed job has no Start",
            16: "9 fields where the header has 8",
            17: "3 fields where the header has 8",
        },
    ),
    (
        "headerless.psv",
        "7|gpu|COMPLETED|60|2026-09-01T12:00:00|2026-09-01T12:00:00|2026-09-01T12:01:00|gres/gpu=1\n"
        "8|gpu|COMPLETED|60|2026-09-01T12:00:00|2026-09-01T12:00:00|2026-09-01T12:01:00|gres/gpu=2\n",
        {2: "no columns JobID, State and Submit: export with the header"},
    ),
]

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
