"""How long a build takes from nothing, with nothing new, and with one new day of traces: ratios within one run.

    .venv/bin/python benchmarks/rebuild.py [requests]

Works in a temporary folder; the landing zone and warehouse of the project are not touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ai_cost_audit.demo import simulate

PROJECT = Path(__file__).resolve().parent.parent


def timed(command: list[str], environment: dict[str, str]) -> float:
    started = time.monotonic()
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-1000:])
    return time.monotonic() - started


def main(requests: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "landing", folder / "key.json", requests=requests)
        held_back = folder / "later"
        held_back.mkdir()
        for format_name in ("generic", "litellm"):
            traces = folder / "landing" / "gateway_traces" / format_name
            last = max(traces.iterdir())
            shutil.move(last, held_back / f"{format_name}-{last.name}")
        environment = os.environ | {
            "AI_COST_LANDING": str(folder / "landing"),
            "AI_COST_WAREHOUSE": str(folder / "warehouse"),
            "AI_COST_COMPANY": "seeds/company",
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        dbt = [str(Path(sys.executable).parent / "dbt"), "build"]
        ai_cost = [str(Path(sys.executable).parent / "ai-cost")]
        seconds = {"raw checks, all files": timed([*ai_cost, "check"], environment)}
        seconds["dbt build from nothing"] = timed(dbt, environment)
        seconds["dbt build, nothing new"] = timed(dbt, environment)
        for path in held_back.iterdir():
            format_name, file_name = path.name.split("-", 1)
            shutil.move(path, folder / "landing" / "gateway_traces" / format_name / file_name)
        seconds["raw checks, one new day"] = timed([*ai_cost, "check"], environment)
        seconds["dbt build, one new day"] = timed(dbt, environment)
        whole = seconds["dbt build from nothing"]
        print(f"{requests:,} requests")
        for what, taken in seconds.items():
            print(f"  {what:<26} {taken:7.1f} s  {taken / whole:6.2f} of a build from nothing")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
