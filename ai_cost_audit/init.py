"""`ai-cost init`: the folder of what a company decides (seeds) and receives (landing zone)."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from ai_cost_audit import formats, settings

DEMO_SEEDS = settings.PROJECT / "seeds" / "company"
# dbt writes the SQL of a seed to target/run/<project>/<path of the seed>. With an absolute path that is the
# seed itself, which it overwrites (seen in 1.11). So the company's seeds are a link inside the project.
LINKS = settings.PROJECT / "seeds" / "linked"


class NotEmpty(Exception):
    """The folder holds something already."""


def write(folder: Path) -> str:
    """Write an empty company into `folder`; returns what to do next.

    Raises NotEmpty when the folder holds anything or is a file, OSError when it cannot be written.
    """
    root = folder.expanduser().resolve()
    if root.is_file():
        raise NotEmpty(f"{root} is a file: name a new or empty folder")
    if root.is_dir() and (held := min((path.name for path in root.iterdir()), default=None)) is not None:
        raise NotEmpty(f"{root} is not empty (it holds {held}): name a new or empty folder")
    seeds = sorted(DEMO_SEEDS.glob("*.csv"))
    if not seeds:
        raise FileNotFoundError(2, "the project's own seeds are missing", str(DEMO_SEEDS))
    for seed in seeds:
        text = seed.read_text(encoding="utf-8")
        _write(root / "seeds" / seed.name, text.splitlines()[0] + "\n")
        _write(root / "examples" / seed.name, text)
    for entity, names in formats.enabled().items():
        for name in names:
            _write(root / "landing" / entity / name / "README.md", formats.readme(entity, name))
    (root / "warehouse").mkdir()
    env = root / "ai-cost.env"
    _write(env, _environment(root, _link(root)))
    return _next_steps(root, env)


def _link(root: Path) -> Path:
    """A link to the company's seeds in the project, named like the company's folder."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.name) or "company"
    number, link = 1, LINKS / name
    while link.exists() and link.resolve() != root / "seeds":
        number += 1
        link = LINKS / f"{name}-{number}"
    LINKS.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)  # of a company that was here before
    link.symlink_to(root / "seeds", target_is_directory=True)
    return link


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _environment(root: Path, link: Path) -> str:
    values = {
        "AI_COST_LANDING": str(root / "landing"),
        "AI_COST_WAREHOUSE": str(root / "warehouse"),
        "AI_COST_COMPANY": os.path.relpath(link, settings.PROJECT),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _next_steps(root: Path, env: Path) -> str:
    return f"""Written to {root}
  seeds/       what you decide: one CSV per seed, header only
  examples/    the same seeds as the demo company fills them in
  landing/     what you receive: a README in each folder says what goes there
  warehouse/   where the audit will be

Next:
  1. Fill in seeds/teams.csv, seeds/key_owners.csv and, if you run GPUs, seeds/gpu_pools.csv.
     The others can wait.
  2. Copy files into the folders of landing/ that you have a source for. Empty ones are fine.
  3. In the project's folder:
       set -a; . {shlex.quote(str(env))}; set +a
       make build"""
