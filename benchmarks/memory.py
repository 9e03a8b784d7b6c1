"""The most memory that a process has had."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def most_megabytes() -> int:
    """Return the peak of this process's resident memory since it began its own program.

    On Linux ``ru_maxrss`` would not do: it begins with the memory of the process that started this one, so that a small
    child of a large parent looks as large.
    """
    if _STATUS.exists():
        status = dict(line.split(":", 1) for line in _STATUS.read_text(encoding="utf-8").splitlines())
        return int(status["VmHWM"].split()[0]) // 2**10
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (2**20 if sys.platform == "darwin" else 2**10)
