"""What must hold for the repository itself: nothing private or heavy in it, and the lists in it agree."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from ai_cost_audit.landing import ENTITIES
from ai_cost_audit.settings import PROJECT

LARGEST_FILE = 1_000_000  # bytes
LONGEST_SQL_LINE = 130
MEDIAN_LEDGER_MODEL = 35  # lines; that none is above 150 says dbt-bouncer.yml

# Pieces, so that this file does not name what it looks for.
FORBIDDEN = {
    "a package index": re.compile(
        r"py" + r"pi\.org|python" + r"hosted\.org|--(extra-)?index-" + r"url[ =]\S"
    ),
    "a path of one machine": re.compile(r"(?<![\w.}])/(home|Users|root|work|opt)/[\w.-]+"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----"),
    "an API key": re.compile(
        r"\b(sk-(ant-|proj-)?[A-Za-z0-9_-]{24,}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|AIza[\w-]{35})\b"
    ),
    "an address of a private network": re.compile(
        r"\b(10\.\d+|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d+\.\d+\b"
    ),
}


def files() -> list[Path]:
    """Each file that is in git or would be added by `git add .`."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in sorted(set(listed.split("\0"))) if name and (path := PROJECT / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            yield path, content.decode("utf-8", errors="replace")


def problems_in(text: str) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    return loaded


def test_no_file_names_a_host_a_machine_or_a_secret() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {what}"
        for path, text in texts()
        if problems_in(text)
        for number, line in enumerate(text.splitlines(), start=1)
        for what in problems_in(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("--ind" + "ex-url https://example.com/x", "a package index"),
        ("see https://py" + "pi.org/project/x", "a package index"),
        ("cp /ho" + "me/ada/x .", "a path of one machine"),
        ("open('/wo" + "rk/main/x')", "a path of one machine"),
        ("-----BEGIN RSA PRIVATE" + " KEY-----", "a private key"),
        ("key = sk-" + "a1B2" * 8, "an API key"),
        ("AKIA" + "ABCD" * 4, "an API key"),
        ("host: 192" + ".168.1.7", "an address of a private network"),
    ],
)
def test_the_search_finds_what_it_looks_for(text: str, what: str) -> None:
    assert problems_in(text) == [what]


def test_the_search_leaves_plain_text_alone() -> None:
    assert problems_in("models/staging/landing, landing/<entity>/work, a 10.5 GB file, $HOME/x, /tmp") == []


def test_no_file_is_over_a_megabyte() -> None:
    assert [str(path) for path in files() if path.stat().st_size > LARGEST_FILE] == []


def test_every_locked_package_has_a_pin_and_a_hash() -> None:
    lock = (PROJECT / "requirements.lock").read_text()
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock.replace("\\\n", " "))[1:]
    assert len(entries) > 50
    assert [
        entry.splitlines()[0][:60]
        for entry in entries
        if not re.match(r"\S+==\S+ +--hash=sha256:[0-9a-f]{64}", entry)
    ] == []
    assert re.findall(r"(?m)^\s*-(?!-hash)\S+|\w+://\S+", lock) == []


def test_every_direct_requirement_is_locked() -> None:
    def name(line: str) -> str:
        return re.split(r"[\[<>=!~ ]", line, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")

    direct = (
        line for line in (PROJECT / "requirements.in").read_text().splitlines() if line and line[0] != "#"
    )
    locked = {
        name(line)
        for line in (PROJECT / "requirements.lock").read_text().splitlines()
        if re.match(r"\w.*==", line)
    }
    assert {name(line) for line in direct} - locked == set()


def test_formats_are_the_staging_folders() -> None:
    formats = project()["vars"]["formats"]
    listed = {f"{entity}_{name}" for entity, names in formats.items() for name in names}
    staging = PROJECT / "models" / "staging"
    folders = {f"{path.parent.name}_{path.name}" for path in staging.glob("*/*") if path.is_dir()}
    assert folders == listed
    assert set(formats) == set(ENTITIES)


def test_each_folder_describes_its_models_in_one_file_beside_them() -> None:
    folders = [path.parent for path in (PROJECT / "models").rglob("_*__models.yml")]
    misnamed = [
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "models").rglob("*.yml")
        if "\nmodels:" in "\n" + path.read_text()
        and not re.fullmatch(rf"_{path.parent.name}(_\w+)?__models\.yml", path.name)
    ]
    assert misnamed == []
    assert len(folders) == len(set(folders))


def described_tables() -> list[dict[str, Any]]:
    """Models and seeds as their properties describe them."""
    tables: list[dict[str, Any]] = []
    for folder in ("models", "seeds"):
        for path in (PROJECT / folder).rglob("_*.yml"):
            properties = yaml.safe_load(path.read_text())
            tables += properties.get("models", []) + properties.get("seeds", [])
    return tables


def test_each_table_is_tested_in_one_scan_that_carries_its_name() -> None:
    tests = {
        table["name"]: [test.get("rows_hold", {}) for test in table.get("data_tests", [])]
        for table in described_tables()
    }
    named = {name: [test.get("name") for test in held] for name, held in tests.items() if held}
    assert named == {name: [f"rows_of_{name}_hold"] for name in named}
    assert len(named) > 100
    by_column = [
        (table["name"], column["name"])
        for table in described_tables()
        for column in table.get("columns", [])
        if column.get("data_tests")
    ]
    assert by_column == [], "these belong to rows_hold of the table"


def test_the_grain_of_each_mart_is_tested() -> None:
    without = [
        table["name"]
        for table in described_tables()
        if table.get("config", {}).get("contract", {}).get("enforced")
        and table["name"].startswith(("fct_", "dim_", "focus_", "audit_"))
        and not table["data_tests"][0]["rows_hold"]["arguments"].get("grain")
    ]
    assert without == []


def test_no_sql_line_is_longer_than_the_house_style_has_it() -> None:
    roots = ("models", "tests", "macros", "analyses")
    paths = [
        path for path in files() if path.suffix == ".sql" and path.relative_to(PROJECT).parts[0] in roots
    ]
    long = [
        f"{path.relative_to(PROJECT)}:{number}: {len(line)}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > LONGEST_SQL_LINE
    ]
    assert paths and long == []


def test_half_of_the_ledgers_models_read_in_35_lines() -> None:
    lengths = [len(path.read_text().splitlines()) for path in (PROJECT / "models" / "ledger").rglob("*.sql")]
    assert median(lengths) <= MEDIAN_LEDGER_MODEL


def test_people_and_ci_call_the_same_target() -> None:
    for name in ("README.md", ".ci/run", ".github/workflows/pull-request.yml"):
        assert "make test" in (PROJECT / name).read_text(), name
    assert (PROJECT / ".ci" / "run").stat().st_mode & 0o100, ".ci/run is not executable"


def test_nothing_reports_on_its_users() -> None:
    assert project()["flags"]["send_anonymous_usage_stats"] is False
    makefile = (PROJECT / "Makefile").read_text()
    for line in (
        "DBT_SEND_ANONYMOUS_USAGE_STATS := False",
        "GX_ANALYTICS_ENABLED := False",
        "DO_NOT_TRACK := 1",
    ):
        assert f"export {line}" in makefile
