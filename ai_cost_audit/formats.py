"""The formats that the warehouse reads: one folder under models/staging/<entity>/ each, with a page about it.

    python -m ai_cost_audit.formats > docs/formats.md

A format's folder holds its staging model, its golden and damaged rows, and a README.md that says how to get the
export, what is required and what it cannot tell. `ai-cost init` puts that page into the landing folder, and
docs/formats.md is all of them.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from ai_cost_audit import settings

STAGING = settings.PROJECT / "models" / "staging"
ENTITIES = {
    "gateway_traces": "Gateway traces: what each request was, by whom, for what",
    "provider_usage": "Provider usage: what the provider counted",
    "provider_costs": "Provider costs: what the provider bills",
    "cloud_billing": "Cloud billing: AI tokens, GPU instances and training in the cloud's bill",
    "gpu_usage": "GPU usage: hours and how busy they were",
    "gpu_jobs": "GPU jobs: training and batch work",
}
_INTRO = """# Formats

One folder of the landing zone a format: `landing/<entity>/<format>/`. The variable `formats` in `dbt_project.yml`
enables them. What each source's counters mean is the seed `usage_semantics`; the names under which your callers say
team, feature and user are the variable `caller_names`. [adding-a-format.md](adding-a-format.md) adds one;
[generic-formats.md](generic-formats.md) has the fields of the generic formats.

In every folder, sub-folders are free (by date, for example), and a file that is replaced replaces its records. `ai-cost
check` tells what is wrong with a file; a record that cannot be read is listed with its reason in
`marts.fct_rejected_records`, and nothing else is lost. A line of text may be 32 MiB long: let a collector that batches
spans or a query that covers weeks write smaller documents.

This page is written from the pages in the formats' folders by `python -m ai_cost_audit.formats > docs/formats.md`.
"""
_IN_EVERY_FOLDER = """
Sub-folders are free: by date, for example. A file that is replaced replaces its records. `ai-cost check` tells what is
wrong with a file; a record that cannot be read is listed with its reason in `marts.fct_rejected_records`.
"""


def enabled() -> dict[str, list[str]]:
    """Entity -> formats, as dbt_project.yml enables them."""
    project = yaml.safe_load((settings.PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    formats: dict[str, list[str]] = project["vars"]["formats"]
    return formats


def folder(entity: str, name: str) -> Path:
    """Where a format lives. Its README.md is what `page` and `ai-cost init` show."""
    return STAGING / entity / name


def readme(entity: str, name: str) -> str:
    """The page of one format for its landing folder. Raises FileNotFoundError when the format has none."""
    return (folder(entity, name) / "README.md").read_text(encoding="utf-8") + _IN_EVERY_FOLDER


def page() -> str:
    """docs/formats.md: every enabled format's page, by entity."""
    parts = [_INTRO]
    for entity, names in enabled().items():
        parts.append(f"## {ENTITIES.get(entity, entity)}\n")
        for name in names:
            text = (folder(entity, name) / "README.md").read_text(encoding="utf-8")
            parts.append(text.replace("\n# ", "\n## ").replace("# ", "### ", 1))
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
