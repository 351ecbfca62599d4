"""Opens the published copy, read-only, and says in one line why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class NotReadable(Exception):
    """There is no published audit here that this version can read; the text says what to do."""


def found(published: Path) -> Path:
    """The published file, or that of a warehouse folder. NotReadable when it is not there."""
    path = published / "ai_cost.duckdb" if published.is_dir() else published
    if not path.is_file():
        was_built = (path.parent / "build.duckdb").exists()
        why = "the last build published nothing and says why; fix that, then " if was_built else ""
        raise NotReadable(f"no published audit at {path}: {why}run `make build`")
    return path


@contextmanager
def opened(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection in UTC; NotReadable when there is no audit, or a mart of it is missing."""
    path = found(published)
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        first_line = str(error).splitlines()[0]
        raise NotReadable(f"{path} is of another version ({first_line}): run `make build`") from error
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
        first_line = str(error).splitlines()[0]
        raise NotReadable(f"{path} cannot be read ({first_line}): run `make build`") from error
