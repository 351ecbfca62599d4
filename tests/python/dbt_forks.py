"""Starts many dbt runs quickly: imports dbt and reads the project once, then forks one process a run.

Reads a JSON object a line from stdin, answers with one on stdout:
`{"start": [dbt arguments], "environment": {...}, "output": path, "parse": bool}` gives `{"pid": n}`, and
`{"wait": pid}` gives `{"code": exit code, or minus the signal}`. With `parse` the run reads the project itself
(another company or list of formats); else it gets the project as read here. A run that takes longer than
LONGEST_RUN seconds is killed.

dbt's static parser starts threads, which a fork does not inherit and would wait for: it stays off.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from dbt.cli.main import dbtRunner

LONGEST_RUN = 300


def main() -> None:
    read = dbtRunner().invoke(["--quiet", "--no-static-parser", "parse"])
    if not read.success:
        sys.exit(f"dbt cannot read the project: {read.exception}")
    for line in sys.stdin:
        request = json.loads(line)
        answer = (
            {"pid": fork(request, read.result)} if "start" in request else {"code": wait(request["wait"])}
        )
        print(json.dumps(answer), flush=True)


def wait(pid: int) -> int:
    give_up = time.monotonic() + LONGEST_RUN
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > give_up:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def fork(request: dict[str, Any], manifest: Any) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 2
    try:
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(request["environment"])
        done = dbtRunner(manifest=None if request["parse"] else manifest).invoke(
            ["--no-static-parser", *request["start"]]
        )
        if done.exception:
            print(done.exception)
        code = 0 if done.success else 2 if done.exception else 1
        sys.stdout.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
