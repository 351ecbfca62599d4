"""The lint that keeps Spark possible: each rule catches its construct; SQL that both engines share passes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ai_cost_audit import lint_sql

SHARED = [
    "with a as (select cast(date_trunc('month', paid_at) as date) as month from t) select * from a",
    "select a, sum(b) filter (where c) as b from t group by a having count(*) > 1 order by a limit 3",
    "select row_number() over (partition by a, b order by c desc nulls last) as n from t",
    "select lag(a, 1) over (order by b rows between 3 preceding and current row) as a from t",
    "select coalesce(a, 0) * cast(0.000001 as decimal(18, 12)) as usd, try_cast(b as bigint) as b from t",
    "select extract(week from a) as week, trim(both ' ' from b) as b from t where a is not distinct from c",
    "select * from (values ('acme', 10.00), ('zenith', 5.00)) as bill (provider, usd)",
    "select a.x from t as a left join u as b on a.x = b.x and b.y >= a.y where not exists (select 1)",
    'select count(*) from "build"."marts"."fct_requests" union all (select 1 from t)',
    "select a || '-' || md5(b) as id, case when a in ('x', 'y') then 1 else (2 + 3) end as n from t",
    "select paid_at + interval '1' hour as next_at from t  -- never qualify, [1], a::int",
    "select percentile_cont(0.5) within group (order by a) as middle, cast(a as varchar(20)) as a from t",
    "select a, b from t group by grouping sets ((a, b), (a))",
    "select regexp_replace(lower(trim(a)), '-[0-9]+$', '') as a from t",
]

ONLY_DUCKDB = {
    "select a from t qualify row_number() over (order by a) = 1": "qualify",
    "select a, count(*) from t group by all": "group by all",
    "select a from t order by all": "order by all",
    "select * exclude (a) from t": "* exclude",
    "select t.* replace (1 as a) from t": "* replace",
    "select columns('x.*') from t": "columns()",
    "from t select a": "from without select",
    "with a as (select 1) from a": "from without select",
    "select * from (from t) as u": "from without select",
    "select 1 union all from t": "from without select",
    "select [1, 2] as a": "[ ] list, index or slice",
    "select a[1] from t": "[ ] list, index or slice",
    "select {'a': 1} as a": "{ } struct or map",
    "select list_sum(a) from t": "list_sum()",
    "select struct_pack(a) from t": "struct_pack()",
    "select list_filter(a, x -> x > 1) from t": "-> lambda or json field",
    "select a ->> 'b' from t": "->> json field",
    "select a from t asof join u on t.x >= u.x": "asof join",
    "select a from t positional join u": "positional join",
    "select a from t semi join u using (x)": "semi join",
    "select a from t anti join u using (x)": "anti join",
    "select a::date from t": ":: cast",
    "select a // b from t": "// division",
    "select a ** b from t": "** power",
    "select explode(a) from t": "explode()",
    "select * from read_csv('x.csv')": "read_csv()",
    "select strftime(a, '%Y') from t": "strftime()",
    "select datediff('day', a, b) from t": "datediff()",
    "select date_part('month', a) from t": "date_part()",
    "select epoch_ms(a) from t": "epoch_ms()",
    "select date_trunc('month', a) as month from t": "date_trunc() as it comes",
    "select cast(coalesce(date_trunc('month', a), b) as date) from t": "date_trunc() as it comes",
    "select extract(dow from a) from t": "extract(dow)",
    "select a from t using sample 10": "using sample",
    "select arg_max(a, b) from t": "arg_max()",
    "select any_value(a) from t": "any_value()",
    "select string_agg(a, ',' order by b) from t": "string_agg()",
    "select distinct on (a) b from t": "distinct on",
    "select last_value(a ignore nulls) over (order by b) from t": "ignore nulls",
    "select a at time zone 'UTC' from t": "at time zone",
    "select a from t union all by name select b from u": "by name",
    "select now()": "now()",
    "select current_date": "current_date",
    "select cast(a as varchar) from t": "type varchar",
    "select cast(a as timestamptz) from t": "type timestamptz",
    "select cast(a as timestamp with time zone) from t": "type timestamptz",
    "select cast(a as hugeint) from t": "type hugeint",
    'select "team" from t': '"team"',
    "select 'a\\nb' as a": "backslash in text",
    "select a, from t": "comma after the last item",
    "with recursive a as (select 1) select * from a": "with recursive",
    "pivot t on a using sum(b)": "pivot",
    "select concat(a, b) from t": "concat()",
    "select regexp_replace(lower(a), '-', '') from t": "regexp_replace() of a part in the middle",
    "select never_heard_of(a) from t": "never_heard_of()",
}


@pytest.mark.parametrize("sql", SHARED)
def test_shared_sql_passes(sql: str) -> None:
    assert lint_sql.lint(sql) == []


@pytest.mark.parametrize(("sql", "construct"), ONLY_DUCKDB.items())
def test_duckdb_only_sql_is_named_with_what_to_write(sql: str, construct: str) -> None:
    findings = lint_sql.lint("\n" + sql)
    assert construct in [finding.construct for finding in findings]
    assert all(finding.instead and finding.line == 2 for finding in findings)


def test_sql_that_is_no_sql_is_a_finding() -> None:
    assert "not readable as SQL" in [finding.construct for finding in lint_sql.lint("select (a from t")]
    assert "not readable as SQL" in [finding.construct for finding in lint_sql.lint("select 'a from t")]


@pytest.mark.parametrize("sql", SHARED)
def test_shared_sql_is_duckdb_sql(sql: str) -> None:
    assert duckdb.extract_statements(sql)


def test_what_a_macro_writes_must_not_be_written_by_hand(tmp_path: Path) -> None:
    compiled, source = tmp_path / "compiled", tmp_path / "models"
    for folder in (compiled, source):
        (folder / "marts").mkdir(parents=True)
    (compiled / "marts" / "good.sql").write_text("select date_diff('day', a, b) as days from t\n")
    (source / "marts" / "good.sql").write_text(
        "select {{ days_between('a', 'b') }} as days -- no date_diff()\n"
    )
    assert lint_sql.lint_folder(compiled, source) == (1, [])

    (source / "marts" / "good.sql").write_text("\nselect date_diff('day', a, b) as days from t\n")
    models, lines = lint_sql.lint_folder(compiled, source)
    assert models == 1
    assert lines == [
        f"{source}/marts/good.sql:2: date_diff(): "
        "write {{ days_between(...) }} or {{ seconds_between(...) }}"
    ]


def test_the_command_leaves_staging_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "staging" / "acme").mkdir(parents=True)
    (tmp_path / "staging" / "acme" / "stg_acme.sql").write_text("select a::int from t")
    assert lint_sql.main([str(tmp_path)]) == 2

    model = tmp_path / "marts" / "fct_spend.sql"
    model.parent.mkdir()
    model.write_text("select a from t")
    assert lint_sql.main([str(tmp_path)]) == 0

    model.write_text("select\n    a::int\nfrom t")
    capsys.readouterr()
    assert lint_sql.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[0] == f"{model}:2: :: cast: write cast(value as type)"
