"""Which issue is longer than any page? One on demand, with more of everything than Jira shows at once."""

from datetime import datetime, timedelta

from scripts.sandbox.world import World

BURST = 10


def add_big_issue(
    world: World, now: datetime, *, histories: int = 250, comments: int = 130, worklogs: int = 60
) -> str:
    """The id of a new issue that every server of *world* shows, last changed at *now* or a moment later.

    Half of its histories come in bursts, the others one by one. All of it happened in one day.
    """
    bursts = histories // 2 // BURST
    steps = histories - bursts * BURST
    moments = bursts + steps + comments + worklogs
    pause = timedelta(days=1) / moments

    def moment(at: int) -> datetime:
        return now - pause * (moments - 1 - at)

    issue_id = world.add_issue(now - timedelta(days=1)).issue_id
    at = 0
    for kind, times in enumerate((bursts, steps, comments, worklogs)):
        for turn in range(times):
            match kind:
                case 0:
                    world.burst(issue_id, moment(at), size=BURST)
                case 1 if turn % 2:
                    world.change_status(issue_id, moment(at), f"Step {turn}")
                case 1:
                    world.edit_summary(issue_id, moment(at))
                case 2:
                    world.add_comment(issue_id, moment(at))
                case _:
                    world.add_worklog(issue_id, moment(at))
            at += 1
    return issue_id
