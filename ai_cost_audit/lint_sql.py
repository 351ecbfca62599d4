"""Name each construct in the models after staging that DuckDB understands and Spark SQL 3.5 does not.

    python -m ai_cost_audit.lint_sql target/compiled/ai_cost_audit/models

Reads compiled SQL as tokens, so that a finding has the word and the line as they stand in the file, and lets
sqlglot write each statement for Spark as a second opinion. Staging may use what DuckDB offers.
Prints `file:line: construct: what to write instead`; ends with 1 when it found anything.

What it cannot see: values. Division and `date - date` differ by type, and `order by` puts nulls first in
Spark and last in DuckDB: cast the one, state `nulls last` in the other where it matters.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel, SqlglotError, UnsupportedError
from sqlglot.tokenizer_core import Token, TokenType

MACRO = "a dispatched macro in macros/dialect/"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Both engines have these with one meaning, for the types that the models use.
SHARED_FUNCTIONS = (
    _words("count sum avg min max count_if bool_and bool_or median percentile_cont percentile_disc")
    | _words("grouping corr stddev_pop stddev_samp var_pop var_samp")
    | _words("row_number rank dense_rank percent_rank cume_dist ntile lag lead")
    | _words("first_value last_value nth_value")
    | _words("coalesce nullif ifnull if greatest least cast try_cast")
    | _words("abs ceil ceiling floor round sign sqrt exp ln log10 pow power mod")
    | _words("lower upper trim ltrim rtrim length left right substring substr replace reverse repeat")
    | _words("chr lpad rpad position instr contains split_part concat_ws translate ascii md5 regexp_replace")
    | _words("extract date_trunc year quarter month day hour minute")
    | _words("dayofmonth dayofyear weekofyear last_day make_date")
)

# What macros/dialect/ writes for DuckDB: fine in compiled SQL, if the macro wrote it and not the model.
MACRO_FUNCTIONS = frozenset({"timezone", "date_diff", "unnest", "generate_series"})

# Words that may stand before a parenthesis and call nothing.
NOT_FUNCTIONS = (
    _words("all and any as between both by case cross cube distinct else end except exists filter from full")
    | _words("group group_by grouping_sets having ilike in inner intersect interval is join lateral leading")
    | _words("like limit not offset on or order order_by outer over partition partition_by recursive rollup")
    | _words("select sets some then trailing union using values when where window with within")
)

INSTEAD = {
    "any_value": "min or max, which have one answer",
    "arg_max": "row_number() and a filter on 1",
    "arg_min": "row_number() and a filter on 1",
    "max_by": "row_number() and a filter on 1",
    "min_by": "row_number() and a filter on 1",
    "concat": "||, which is null in both engines when a part is",
    "columns": "the columns by name",
    "date_part": "extract(part from value)",
    "datediff": "{{ days_between(first_date, last_date) }}",
    "date_sub": "{{ days_between(first_date, last_date) }}",
    "date_diff": "{{ days_between(...) }} or {{ seconds_between(...) }}",
    "epoch": "{{ seconds_between(start_at, end_at) }}",
    "epoch_ms": "{{ seconds_between(start_at, end_at) }}",
    "generate_series": "{{ each_hour(first_hour_at, last_hour_at) }}, or a dispatched macro",
    "range": "{{ each_hour(first_hour_at, last_hour_at) }}, or a dispatched macro",
    "unnest": "{{ each_hour(first_hour_at, last_hour_at) }}, or a dispatched macro",
    "timezone": "{{ business_date(utc_timestamp) }}, or a dispatched macro",
    "log": "ln or log10",
    "dayofweek": MACRO + " (Sunday is 0 in DuckDB and 1 in Spark)",
    "now": "the audit date: a figure must not depend on the clock",
    "today": "the audit date: a figure must not depend on the clock",
    "current_date": "the audit date: a figure must not depend on the clock",
    "current_timestamp": "the audit date: a figure must not depend on the clock",
    "starts_with": "like 'text%'",
    "prefix": "like 'text%'",
    "ends_with": "like '%text'",
    "suffix": "like '%text'",
    "strpos": "instr(text, part)",
    "strlen": "length(text)",
    "strftime": MACRO,
    "strptime": MACRO,
    "string_agg": MACRO,
}

# Types that both engines write the same way. Spark has no varchar without a length.
SHARED_TYPES = _words(
    "string boolean tinyint smallint int integer bigint float double decimal date timestamp"
)
TYPE_INSTEAD = {
    "varchar": "string",
    "text": "string",
    "char": "string",
    "bool": "boolean",
    "numeric": "decimal(p, s)",
    "real": "double",
    "hugeint": "decimal(38, 0)",
    "timestamptz": "timestamp, in UTC",
    "json": "string",
}
SHARED_DATE_PARTS = _words("year quarter month week day hour minute doy")

TOKEN_RULES = {
    TokenType.QUALIFY: ("qualify", "row_number() in a CTE and a filter on 1"),
    TokenType.DCOLON: (":: cast", "cast(value as type)"),
    TokenType.DIV: ("// division", "cast(floor(a / b) as bigint)"),
    TokenType.L_BRACKET: ("[ ] list, index or slice", "columns or rows; for lists " + MACRO),
    TokenType.L_BRACE: ("{ } struct or map", "columns"),
    TokenType.ARROW: ("-> lambda or json field", "columns typed in staging"),
    TokenType.DARROW: ("->> json field", "columns typed in staging"),
    TokenType.COLON: ("prefix alias", "value as name"),
    TokenType.COLON_EQ: (":= named argument", "positional arguments"),
    TokenType.FARROW: ("=> named argument", "positional arguments"),
    TokenType.DSTAR: ("** power", "power(a, b)"),
    TokenType.CARET: ("^ power, exclusive or in Spark", "power(a, b)"),
    TokenType.TILDE: ("~ match", "like"),
    TokenType.HASH: ("# column position", "the column's name"),
    TokenType.GLOB: ("glob", "like"),
    TokenType.SIMILAR_TO: ("similar to", "like"),
    TokenType.ASOF: ("asof join", "a join on the half-open period in force"),
    TokenType.POSITIONAL: ("positional join", "a join on a key"),
    TokenType.SEMI: ("semi join", "where exists (...)"),
    TokenType.ANTI: ("anti join", "where not exists (...)"),
    TokenType.PIVOT: ("pivot", "sum(case when ... end)"),
    TokenType.UNPIVOT: ("unpivot", "union all"),
    TokenType.TABLE_SAMPLE: ("tablesample", "a filter that always keeps the same rows"),
    TokenType.RECURSIVE: ("with recursive", "a macro that writes the steps out"),
    TokenType.HEREDOC_STRING: ("$$ text", "'text'"),
    TokenType.BYTE_STRING: ("e'' text", "'text'"),
    TokenType.SUMMARIZE: ("summarize", "the aggregates by name"),
}

# Words in a row, lower case.
SEQUENCES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("group by", "all"), "the columns by name"),
    (("order by", "all"), "the columns by name"),
    (("*", "exclude"), "the columns by name"),
    (("*", "replace"), "the columns by name"),
    (("*", "rename"), "the columns by name"),
    (("distinct", "on"), "row_number() in a CTE and a filter on 1"),
    (("using", "sample"), "a filter that always keeps the same rows"),
    (("by", "name"), "the columns in one order on both sides"),
    (("ignore", "nulls"), MACRO + " (inside the parentheses in DuckDB, after them in Spark)"),
    (("at", "time", "zone"), "{{ business_date(utc_timestamp) }}, or a dispatched macro"),
    (("as", "materialized"), "a plain CTE"),
    (("as", "not", "materialized"), "a plain CTE"),
)

STAGING = "staging"
CASTS = ("cast", "try_cast")
SET_OPERATIONS = {TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT}
CLAUSE_ENDS = {TokenType.FROM, TokenType.R_PAREN, TokenType.WHERE, TokenType.GROUP_BY, TokenType.ORDER_BY}


@dataclass(frozen=True, order=True)
class Finding:
    """One construct in one line (counted from 1)."""

    line: int
    construct: str
    instead: str


def lint(sql: str) -> list[Finding]:
    """What in one compiled statement Spark would not read, or would read differently, by line."""
    try:
        tokens = DuckDB().tokenize(sql)
    except SqlglotError as error:
        return [Finding(1, "not readable as SQL", _first_line(error))]
    found = {
        *_second_opinion(sql),
        *_simple_rules(tokens),
        *_functions(tokens),
        *_types(tokens),
        *_from_first(tokens),
        *_texts(tokens),
    }
    return sorted(found)


def lint_source(sql: str) -> list[Finding]:
    """Functions that only a dialect macro may write, in a model as its author wrote it, with its Jinja."""
    blank = re.sub(r"\{#.*?#\}|--[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), sql, flags=re.DOTALL)
    calls = re.finditer(rf"\b({'|'.join(sorted(MACRO_FUNCTIONS))})\s*\(", blank, flags=re.IGNORECASE)
    return [
        Finding(blank.count("\n", 0, call.start()) + 1, f"{name}()", INSTEAD.get(name, MACRO))
        for call in calls
        for name in [call.group(1).lower()]
    ]


def _simple_rules(tokens: Sequence[Token]) -> Iterator[Finding]:
    words = [token.text.lower() for token in tokens]
    for index, token in enumerate(tokens):
        following = tokens[index + 1].token_type if index + 1 < len(tokens) else None
        if token.token_type in TOKEN_RULES:
            yield Finding(token.line, *TOKEN_RULES[token.token_type])
        for sequence, instead in SEQUENCES:
            here = tuple(words[index : index + len(sequence)])
            if here == sequence and token.token_type != TokenType.STRING:
                yield Finding(token.line, " ".join(sequence), instead)
        if token.token_type == TokenType.COMMA and following in CLAUSE_ENDS:
            yield Finding(token.line, "comma after the last item", "no comma there")
        if words[index] in ("current_date", "current_timestamp", "localtimestamp") and _is_name(token):
            instead = INSTEAD.get(words[index], INSTEAD["now"])
            yield Finding(token.line, words[index], instead)


def _is_name(token: Token) -> bool:
    return token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) and token.text[:1].isalpha()


def _functions(tokens: Sequence[Token]) -> Iterator[Finding]:
    """Each word before a parenthesis that is no shared function, keyword, type or list of column names."""
    for index in range(len(tokens) - 1):
        token, name = tokens[index], tokens[index].text.lower().replace(" ", "_")
        if tokens[index + 1].token_type != TokenType.L_PAREN or not _is_name(token):
            continue
        before = tokens[index - 1].text.lower() if index else ""
        is_type = before == "as" and name in SHARED_TYPES | TYPE_INSTEAD.keys()
        if name in NOT_FUNCTIONS or is_type or before in ("as", ")"):
            continue
        if name == "extract" and (part := tokens[index + 2].text.lower()) not in SHARED_DATE_PARTS:
            yield Finding(token.line, f"extract({part})", MACRO)
        elif name == "date_trunc" and (before != "(" or tokens[index - 2].text.lower() not in CASTS):
            yield Finding(token.line, "date_trunc() as it comes", "cast(date_trunc(part, value) as date)")
        elif name == "regexp_replace" and not _is_anchored(tokens, index):
            yield Finding(token.line, "regexp_replace() of a part in the middle", MACRO)
        elif name not in SHARED_FUNCTIONS | MACRO_FUNCTIONS:
            instead = INSTEAD.get(name, f"a function that both engines have, or {MACRO}")
            yield Finding(token.line, f"{name}()", instead)


def _is_anchored(tokens: Sequence[Token], index: int) -> bool:
    """DuckDB replaces the first match and Spark each one: the same where the pattern is bound to an end."""
    depth = 0
    for token, following in zip(tokens[index + 1 :], tokens[index + 2 :], strict=False):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 1 and token.token_type == TokenType.COMMA:
            pattern = following.text if following.token_type == TokenType.STRING else ""
            while (
                outside := re.sub(r"\([^()]*\)", "", pattern)
            ) != pattern:  # `|` in a group is no way around
                pattern = outside
            return "|" not in pattern and (pattern.startswith("^") or pattern.endswith("$"))
    return False


def _types(tokens: Sequence[Token]) -> Iterator[Finding]:
    """The type of each cast: the word after the `as` that belongs to `cast(`."""
    casts: list[bool] = []
    for index, token in enumerate(tokens):
        word = token.text.lower()
        if token.token_type == TokenType.L_PAREN:
            casts.append(index > 0 and tokens[index - 1].text.lower() in CASTS)
        elif token.token_type == TokenType.R_PAREN and casts:
            casts.pop()
        elif word == "as" and casts and casts[-1] and index + 2 < len(tokens):
            name, after = tokens[index + 1].text.lower(), tokens[index + 2].token_type
            has_length = name == "varchar" and after == TokenType.L_PAREN
            if name == "timestamp" and tokens[index + 2].text.lower() == "with":
                name = "timestamptz"
            if name not in SHARED_TYPES and not has_length:
                yield Finding(tokens[index + 1].line, f"type {name}", TYPE_INSTEAD.get(name, MACRO))


def _from_first(tokens: Sequence[Token]) -> Iterator[Finding]:
    """A `from` without a `select` before it in the same query."""
    queries: list[tuple[bool, bool]] = [(False, False)]  # has a select; is the inside of a function
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if token.token_type == TokenType.L_PAREN:
            calls = before is not None and _is_name(before) and before.text.lower() not in NOT_FUNCTIONS
            queries.append((False, calls))
        elif token.token_type == TokenType.R_PAREN and len(queries) > 1:
            queries.pop()
        elif token.token_type == TokenType.SELECT or token.token_type in SET_OPERATIONS:
            queries[-1] = (token.token_type == TokenType.SELECT, queries[-1][1])
        elif token.token_type == TokenType.FROM and queries[-1] == (False, False):
            yield Finding(token.line, "from without select", "select * from ...")


def _texts(tokens: Sequence[Token]) -> Iterator[Finding]:
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.STRING and "\\" in token.text:
            yield Finding(token.line, "backslash in text", "text without it: Spark reads an escape")
        beside = {other.token_type for other in tokens[max(index - 1, 0) : index + 2]}
        if token.token_type == TokenType.IDENTIFIER and TokenType.DOT not in beside:
            yield Finding(token.line, f'"{token.text}"', "a lower-case name without quotes: Spark reads text")


def _second_opinion(sql: str) -> list[Finding]:
    """What sqlglot cannot write for Spark; it does not say in which line."""
    try:
        for statement in sqlglot.parse(sql, read="duckdb"):
            if statement is not None:
                statement.sql("spark", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        return [Finding(1, _first_line(error), MACRO)]
    except SqlglotError as error:
        return [Finding(1, "not readable as SQL", _first_line(error))]
    return []


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def lint_folder(compiled: Path, source: Path) -> tuple[int, list[str]]:
    """How many models after staging were read, and a line per finding. `source`: the same, with Jinja."""
    paths = sorted(p for p in compiled.rglob("*.sql") if p.relative_to(compiled).parts[0] != STAGING)
    models = [path for path in paths if path.is_file() and ".yml" not in str(path.parent)]
    lines = []
    for path in models:
        lines += [_report(path, finding) for finding in lint(path.read_text())]
        written = source / path.relative_to(compiled)
        if written.exists():
            lines += [_report(written, finding) for finding in lint_source(written.read_text())]
    return len(models), lines


def _report(path: Path, finding: Finding) -> str:
    return f"{path}:{finding.line}: {finding.construct}: write {finding.instead}"


def main(arguments: Sequence[str]) -> int:
    """0: Spark stays possible. 1: findings printed. 2: nothing to read there."""
    compiled = Path(arguments[0] if arguments else "target/compiled/ai_cost_audit/models")
    models, lines = lint_folder(compiled, Path("models"))
    if not models:
        print(f"{compiled}: no compiled model; run `dbt compile` first", file=sys.stderr)
        return 2
    print("\n".join([*lines, f"{models} models read, {len(lines)} constructs that Spark does not share"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
