"""Whether anything changed since the last sound build: equal inputs give an equal audit, so there is nothing to build.

The inputs are the files of the landing zone (path, size, modification time), the company's seeds, the project itself
and the settings that models read. A build that failed, or whose books are open, is not remembered: it is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ai_cost_audit import __version__, settings

PROJECT_PARTS = ("models", "macros", "seeds", "tests", "ai_cost_audit", "dbt_project.yml", "profiles.yml")
PROJECT_SUFFIXES = (".sql", ".py", ".yml", ".csv")
READ_SETTINGS = ("AI_COST_COMPANY", "AI_COST_HASH_SALT")


def fingerprint() -> str:
    """One hash of everything that the published audit is a function of."""
    digest = hashlib.blake2b(digest_size=16)

    def add(*parts: object) -> None:
        digest.update(json.dumps([str(part) for part in parts]).encode())

    add(__version__, *(os.environ.get(name, "") for name in READ_SETTINGS))
    for path in sorted(p for p in settings.landing().rglob("*") if p.is_file()):
        stat = path.stat()
        add(path.relative_to(settings.landing()), stat.st_size, stat.st_mtime_ns)
    for part in PROJECT_PARTS:
        for path in _files(settings.PROJECT / part):
            add(path.relative_to(settings.PROJECT), _hash(path))
    for path in _files(settings.company()):
        add("company", path.name, _hash(path))
    return digest.hexdigest()


def is_unchanged() -> bool:
    """Whether the last remembered build had these inputs and its published file is still in place.

    When not, the present inputs are noted, so that files which land during the build count as new afterwards.
    """
    last = _read(_last())
    now = fingerprint()
    if last is not None and last == {"inputs": now, "published": _published()}:
        return True
    _last().parent.mkdir(parents=True, exist_ok=True)
    _noted().write_text(json.dumps({"inputs": now}), encoding="utf-8")
    return False


def remember() -> None:
    """The build of the inputs last noted was sound: remember it with the file that it published."""
    noted = _read(_noted())
    if noted is not None:
        _last().write_text(json.dumps({**noted, "published": _published()}), encoding="utf-8")
        _noted().unlink()


def _last() -> Path:
    return settings.warehouse() / "last_build.json"


def _noted() -> Path:
    return settings.warehouse() / "this_build.json"


def _read(path: Path) -> dict[str, object] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _published() -> list[int]:
    try:
        stat = settings.published().stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]


def _files(part: Path) -> list[Path]:
    if part.is_file():
        return [part]
    return sorted(p for p in part.rglob("*") if p.is_file() and p.suffix in PROJECT_SUFFIXES)


def _hash(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
