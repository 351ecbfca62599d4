"""Runs a program and watches what it takes: seconds, memory of all its processes, bytes below a folder."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.1  # seconds between two looks at the memory
EVERY_DISK = 5  # looks at the memory for one at the disk
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Watched:
    """A program that ended.

    Seconds are of the clock, `cpu_seconds` of processors. Memory is resident bytes of the program and its children;
    times of samples are Unix seconds.
    """

    exit_code: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = ""
    peak_memory: int = 0
    peak_disk: int = 0
    samples: list[tuple[float, int]] = field(default_factory=list)

    def peak_between(self, start: float, end: float) -> int:
        """The most memory in this time; of a time between two looks, that of the next look."""
        inside = [memory for at, memory in self.samples if start <= at <= end]
        after = next((memory for at, memory in self.samples if at > end), 0)
        return max(inside, default=after)


def run(
    command: list[str], cwd: Path, environment: dict[str, str] | None = None, disk: Path | None = None
) -> Watched:
    """Run to its end; the output is stdout and stderr together, its last 200,000 characters."""
    watched = Watched()
    started, used = time.monotonic(), _cpu_seconds()
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        ended = threading.Event()
        looker = threading.Thread(target=_look, args=(process.pid, disk, watched, ended))
        looker.start()
        try:
            watched.output = (process.stdout.read() if process.stdout else "")[-200_000:]
            watched.exit_code = process.wait()
        except BaseException:
            process.terminate()
            raise
        finally:
            ended.set()
            looker.join()
    watched.seconds, watched.cpu_seconds = time.monotonic() - started, _cpu_seconds() - used
    return watched


def _cpu_seconds() -> float:
    """Processor seconds of all programs that this one ran and that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _look(pid: int, disk: Path | None, watched: Watched, ended: threading.Event) -> None:
    looks = 0
    while True:
        memory = memory_of(pid)
        watched.samples.append((time.time(), memory))
        watched.peak_memory = max(watched.peak_memory, memory)
        if disk is not None and looks % EVERY_DISK == 0:
            watched.peak_disk = max(watched.peak_disk, bytes_below(disk))
        looks += 1
        if ended.wait(EVERY):
            return


def memory_of(pid: int) -> int:
    """Resident bytes of a process and all below it."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = Path("/proc", name, "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue  # it ended
            parents[int(name)] = int(text.rpartition(")")[2].split()[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(map(_resident, family))


def _resident(pid: int) -> int:
    try:
        return int(Path("/proc", str(pid), "statm").read_text(encoding="ascii").split()[1]) * PAGE
    except (OSError, IndexError, ValueError):
        return 0


def bytes_below(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(where, name)).st_size
            except OSError:
                continue  # it was removed meanwhile
    return total
