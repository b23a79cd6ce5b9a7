"""Does the demo keep its promises, in a small size, and does Ctrl-C leave nothing behind?"""

import re
import signal
from pathlib import Path

import psutil

from tests.e2e.launch_support import launch, run_command

ISSUES = 60
CHANGES = 5


def test_the_demo_writes_nothing_twice_and_then_only_what_changed(tmp_path: Path) -> None:
    code, said = run_command(
        tmp_path,
        *("-m", "scripts.showcase", "--issues", str(ISSUES), "--changes", str(CHANGES)),
        environment={"COLUMNS": "200"},
    )

    assert code == 0, said
    pattern = r"(\d+) inserted · (\d+) updated · (\d+) unchanged · (\d+) retired"
    passes = re.findall(pattern, said.replace(",", ""))
    first, second, third = [tuple(map(int, counts)) for counts in passes]
    assert first[0] > 10 * ISSUES
    assert first[1:] == (0, 0, 0)
    assert second == (0, 0, first[0], 0)
    assert f"Third pass: {CHANGES} issues changed upstream" in said
    assert f"rows of {CHANGES} issues changed; history: {third[1]} updated, {third[3]} retired" in said
    assert sum(third[:2]) + third[3] > 0


def test_ctrl_c_ends_a_kept_demo_and_every_process_of_it(tmp_path: Path) -> None:
    arguments = ("-m", "scripts.showcase", "--issues", "10", "--passes", "1", "--keep")

    with launch(tmp_path, *arguments, environment={"COLUMNS": "200"}) as demo:
        said = demo.wait_for("keeps running until Ctrl-C")
        descendants = psutil.Process(demo.pid).children(recursive=True)
        names = " ".join(" ".join(process.cmdline()) for process in descendants)
        demo.send(signal.SIGINT)
        code = demo.wait(30)

    assert [part for part in ("postgres", "temporal", "-m queuer", "-m worker") if part not in names] == []
    assert re.search(r"http://\S+", said)
    assert re.search(r"psql\s+postgresql://", said)
    assert code == 130
    assert psutil.wait_procs(descendants, timeout=5)[1] == []
