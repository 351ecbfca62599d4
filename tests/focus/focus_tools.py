"""The official FOCUS validator and a generator of FOCUS bills, in a virtual environment of their own.

    python tests/focus/focus_tools.py validate FILE
    python tests/focus/focus_tools.py generate PROVIDER VERSION SEED FOLDER

`validate` prints a line per rule that FILE (Parquet or CSV) breaks and a line of totals; it ends with 1 when a rule is
broken. `generate` writes the bill of aws, azure or gcp in FOCUS 1.2 or 1.3. The first use installs the pinned packages
from the package index (half a minute, 600 MB); after that nothing is downloaded.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".test" / "focus-tools"
REQUIREMENTS = HERE / "requirements.txt"

# The one line of the validator 2.2.1 that Python 3.11 cannot read (a backslash inside an f-string), and its equal.
NEW_SYNTAX = """", ".join(f"'{k.replace('\\"', '\\"\\"')}'" for k in ignore_keys)"""
OLD_SYNTAX = """", ".join("'" + k.replace('"', '""') + "'" for k in ignore_keys)"""

BILL_ROWS = 300


def interpreters() -> Iterator[str]:
    """Pythons that may run the validator, the 3.12 that it asks for first; this one comes last."""
    if found := shutil.which("python3.12"):
        yield found
    if uv := shutil.which("uv"):
        command = [uv, "python", "find", "--no-python-downloads", "3.12"]
        yield subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    yield sys.executable


def interpreter() -> str:
    """The first of them that is Python 3.12 or 3.11 and can make an environment; SystemExit when none is."""
    probe = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))"
    for candidate in interpreters():
        # What stands on the path may be a launcher without an interpreter behind it.
        works = candidate and subprocess.run([candidate, "-c", probe], capture_output=True, check=False)
        if works and works.returncode == 0:
            return candidate
    raise SystemExit("The FOCUS validator needs Python 3.12 (or 3.11); none was found")


def environment() -> Path:
    """The environment's folder of programs, set up anew when the requirements changed; by one process at a time."""
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with ENVIRONMENT.with_name("focus-tools.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _set_up()
    return ENVIRONMENT / "bin"


def _set_up() -> None:
    stamp = ENVIRONMENT / "requirements.txt"
    if not (stamp.is_file() and stamp.read_text() == REQUIREMENTS.read_text()):
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        subprocess.run([interpreter(), "-m", "venv", str(ENVIRONMENT)], check=True)
        (ENVIRONMENT / ".gitignore").write_text("*\n")
        pip = [str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        # The list is complete, so nothing else is looked for; the validator's metadata refuses Python 3.11.
        locked = ["--require-hashes", "--no-deps", "--ignore-requires-python", "-r", str(REQUIREMENTS)]
        done = subprocess.run([*pip, *locked], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"The FOCUS tools could not be installed:\n{done.stderr}")
        if package_folder().parent.name == "python3.11":
            rewrite_for_3_11()
        shutil.copy(REQUIREMENTS, stamp)


def package_folder() -> Path:
    """Where the packages lie; the validator opens its list of currencies from here by a relative path."""
    return next(ENVIRONMENT.glob("lib/python3.*/site-packages"))


def rewrite_for_3_11() -> None:
    """Put the one line that 3.11 cannot read into older words; ValueError when it is not there."""
    source = package_folder() / "focus_validator" / "config_objects" / "focus_to_duckdb_converter.py"
    text = source.read_text()
    if text.count(NEW_SYNTAX) != 1:
        raise ValueError(f"{source} is not the version that was looked at")
    source.write_text(text.replace(NEW_SYNTAX, OLD_SYNTAX))


def validate(data: Path) -> tuple[dict[str, str], int, int]:
    """The rules of FOCUS 1.2 that a file breaks (id and message), how many it keeps, how many were not checked.

    SystemExit with the validator's words when it wrote no report.
    """
    programs = environment()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(programs / "focus-validator"), "--data-file", str(data.resolve())]
        options = ["--validate-version", "1.2", "--block-download", "--applicability-criteria", "ALL"]
        output = ["--output-type", "unittest", "--output-destination", str(report)]
        # A proxy that is not there: whoever asks the network for something fails, and with it this run.
        offline = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        command += [*options, *output]
        where = package_folder()
        done = subprocess.run(command, cwd=where, env=offline, capture_output=True, text=True, check=False)
        if not report.is_file():
            raise SystemExit(f"The FOCUS validator wrote no report:\n{done.stdout}\n{done.stderr}")
        broken: dict[str, str] = {}
        kept = skipped = 0
        for case in ET.parse(report).iter("testcase"):
            rule = case.attrib["name"].split(" :: ")[0]
            problem = case.find("failure") if case.find("failure") is not None else case.find("error")
            if problem is not None:
                broken[rule] = problem.attrib["message"]
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                kept += 1
    return broken, kept, skipped


def generate(provider: str, version: str, seed: str, folder: Path) -> None:
    """Write the bill of one cloud into a folder; the same seed gives the same bill."""
    command = [str(environment() / "focus-toolkit"), "generate", "--rows", str(BILL_ROWS), "--seed", seed]
    options = ["--provider", provider, "--focus-version", version, "--out", str(folder)]
    subprocess.run([*command, *options], check=True, capture_output=True)


def main(arguments: list[str]) -> int:
    """Run one of the two commands; returns the exit code."""
    match arguments:
        case ["validate", file]:
            broken, kept, skipped = validate(Path(file))
            for rule, message in sorted(broken.items()):
                print(f"{rule}: {message}")
            print(f"{len(broken)} rules broken, {kept} kept, {skipped} not checked by the validator")
            return 1 if broken else 0
        case ["generate", provider, version, seed, folder]:
            generate(provider, version, seed, Path(folder))
            return 0
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
