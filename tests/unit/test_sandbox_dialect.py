"""What a Trino statement becomes, and what a SOQL question selects."""

import pytest

from scripts.sandbox.dialect import StatementError, name_type, translate
from scripts.sandbox.soql import Record, SoqlError, select

MEMBERS: list[Record] = [
    {"Id": "1", "Email": "Ana@example.com", "Active": True, "Pad": None},
    {"Id": "2", "Email": "bo@example.com", "Active": False, "Pad": "bo"},
    {"Id": "3", "Email": None, "Active": True, "Pad": "cy"},
]


@pytest.mark.parametrize(
    ("statement", "inlined"),
    [
        ("EXECUTE IMMEDIATE 'SELECT 1'", "SELECT 1"),
        ("EXECUTE IMMEDIATE 'SELECT ?' USING 1", "SELECT 1"),
        (
            "execute immediate 'select 1 where a = ? and b = ?' using 'it''s, ?', -1",
            "select 1 where a = 'it''s, ?' and b = -1",
        ),
        ("EXECUTE IMMEDIATE 'SELECT - ?, 2 - ?' USING -1, -2", "SELECT - -1, 2 - -2"),
        ("EXECUTE IMMEDIATE 'SELECT x = ''?'' AND y = ?' USING 2", "SELECT x = '?' AND y = 2"),
        (
            "EXECUTE IMMEDIATE 'SELECT contains(?, id)' USING ARRAY['a','b']",
            "SELECT contains(ARRAY['a','b'], id)",
        ),
        (
            "EXECUTE IMMEDIATE 'SELECT id FROM jira.issues LIMIT ?' USING 3",
            "SELECT id FROM jira.issues LIMIT 3",
        ),
        (
            "EXECUTE IMMEDIATE 'SELECT json_extract_scalar(a, ?), ?' USING '$.b', DATE '2026-01-02'",
            "SELECT json_extract_scalar(a, '$.b'), DATE '2026-01-02'",
        ),
    ],
)
def test_a_statement_with_parameters_is_the_one_with_the_values(statement: str, inlined: str) -> None:
    assert translate(statement, "lake") == translate(inlined, "lake")


@pytest.mark.parametrize("values", ["", " USING 1, 2"])
def test_a_wrong_number_of_parameters_is_refused(values: str) -> None:
    with pytest.raises(StatementError) as caught:
        translate(f"EXECUTE IMMEDIATE 'SELECT ?'{values}", "lake")
    assert caught.value.name == "INVALID_PARAMETER_USAGE"


@pytest.mark.parametrize(
    ("statement", "catalog", "name"),
    [
        ("SELEC", "lake", "SYNTAX_ERROR"),
        ("SELECT (", "lake", "SYNTAX_ERROR"),
        ("DROP TABLE jira.users", "lake", "NOT_SUPPORTED"),
        ("SELECT 1 FROM jira.users", None, "MISSING_CATALOG_NAME"),
        ("SELECT 1 FROM jira.users", "pond", "CATALOG_NOT_FOUND"),
    ],
)
def test_a_statement_is_refused_as_trino_refuses_it(statement: str, catalog: str | None, name: str) -> None:
    with pytest.raises(StatementError) as caught:
        translate(statement, catalog)
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("duckdb_type", "trino_type"),
    [
        ("VARCHAR", "varchar"),
        ("BIGINT", "bigint"),
        ("DECIMAL(18,3)", "decimal(18,3)"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp(6) with time zone"),
        ("VARCHAR[]", "array(varchar)"),
    ],
)
def test_types_have_trinos_names(duckdb_type: str, trino_type: str) -> None:
    assert name_type(duckdb_type)[0] == trino_type


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("SELECT Id FROM Member", "123"),
        ("SELECT Id FROM Member WHERE Email = 'ana@example.com'", "1"),
        ("SELECT Id FROM Member WHERE Active = true AND Pad != null", "3"),
        ("SELECT Id FROM Member WHERE (Pad = 'bo' OR Pad = null)", "12"),
        ("SELECT Id FROM Member WHERE Pad IN ('bo', 'cy') ORDER BY Id DESC", "32"),
        ("SELECT Id FROM Member WHERE Pad > 'bo' ORDER BY Id LIMIT 1", "3"),
    ],
)
def test_soql_selects(question: str, ids: str) -> None:
    assert "".join(str(record["Id"]) for record in select(question, {"Member": MEMBERS})) == ids


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("SELECT Id FROM Nobody", "INVALID_TYPE"),
        ("SELECT Phone FROM Member", "INVALID_FIELD"),
        ("SELEC Id", "MALFORMED_QUERY"),
    ],
)
def test_soql_is_refused_as_salesforce_refuses_it(question: str, code: str) -> None:
    with pytest.raises(SoqlError) as caught:
        select(question, {"Member": MEMBERS})
    assert caught.value.code == code
