"""Do the questions that the README shows work on a real warehouse?"""

import re
from pathlib import Path

import pytest

from worker.external.wpe_db.connect import Warehouse

README = Path(__file__).parents[2] / "README.md"
QUESTIONS = re.findall(r"(?s)```sql\n(.*?)```", README.read_text())


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_the_readme_is_answered(warehouse: Warehouse, question: str) -> None:
    with warehouse.session() as connection:
        connection.execute(f"SET search_path TO {warehouse.schema}".encode())
        cursor = connection.execute(question.encode())

    assert cursor.description
