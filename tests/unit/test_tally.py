"""How a run ended, and why, as its jobs went."""

import pytest

from queuer.models.messages import MAX_FAILED_NAMES, MAX_REASON_CHARS, MAX_REASONS, Tally


@pytest.mark.parametrize(
    ("tally", "status"),
    [
        (Tally(), "completed"),
        (Tally(queued=2, succeeded=1, skipped=1), "completed"),
        (Tally(queued=2, skipped=2), "completed"),
        (Tally(queued=2, succeeded=1, failed=1), "completed_with_failures"),
        (Tally(queued=2, failed=2), "failed"),
        (Tally(queued=3, failed=1, skipped=2), "failed"),
    ],
)
def test_a_run_ends_as_its_jobs_went(tally: Tally, status: str) -> None:
    assert tally.status == status


def test_reasons_are_told_once_and_before_the_names() -> None:
    tally = Tally(queued=3)
    for name, reason in (("a", "refused"), ("b", "gone"), ("c", "refused")):
        tally = tally.with_failed(name, reason)

    assert tally.failed == 3
    assert tally.describe_failures() == "3 of 3 jobs failed: refused; gone (a, b, c)"
    assert Tally(queued=3, succeeded=3).describe_failures() is None


def test_the_first_names_and_reasons_are_kept_and_no_more_of_either() -> None:
    tally = Tally()
    for number in range(100):
        tally = tally.with_failed(f"job-{number}", f"{number} " + "x" * 1_000)

    assert tally.failed == 100
    assert tally.failed_names == tuple(f"job-{number}" for number in range(MAX_FAILED_NAMES))
    assert [len(reason) for reason in tally.reasons] == [MAX_REASON_CHARS] * MAX_REASONS
    assert str(tally.describe_failures()).endswith(", job-19, …)")
