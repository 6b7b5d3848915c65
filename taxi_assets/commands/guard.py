"""Ends what a supervisor has started once the supervisor is gone, however it went.

It runs as a process of its own and reads from a pipe which groups of processes there are: `+12`
for a new one, `-12` for one that has ended. The system closes the pipe when the supervisor dies,
by SIGKILL as well. The kernel's own `PR_SET_PDEATHSIG` would reach only the first process of each
group, and leave behind the workers of one that does not end them itself.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_S = 10.0
LOOK_S = 0.1


def main(lines: Iterable[str]) -> None:
    """Follow the groups until there are no more lines, then end those that are left."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    end_groups(groups, GRACE_S)


def end_groups(groups: Iterable[int], grace_s: float) -> None:
    """Ask groups of processes to end, and kill those that do not in time."""
    left = set(groups)
    send(left, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := {group for group in left if alive(group)}) and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    send(left, signal.SIGKILL)


def send(groups: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to whoever is left in groups of processes."""
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):  # it is gone, macOS says it the 2nd way
            os.killpg(group, number)


def alive(group: int) -> bool:
    """Whether anybody is left in a group of processes."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(sys.stdin)
