"""How many files and connections this process may have open: each is a descriptor, and there is a limit."""

from __future__ import annotations

import os
import resource

RESERVE = 256  # for files: the databases of worlds, exports, uploads
LOW = 32  # below so many left, requests begin to fail


def raise_limit() -> None:
    """Take as many as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def affordable(connections: int) -> int:
    """So many connections, or as many as leave ``RESERVE`` descriptors for files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return connections if limit == resource.RLIM_INFINITY else max(1, min(connections, limit - RESERVE))


def running_out() -> bool:
    """Whether hardly any descriptor is left."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        return limit != resource.RLIM_INFINITY and limit - len(os.listdir("/dev/fd")) < LOW
    except FileNotFoundError:
        return False  # a system that does not say how many are open
    except OSError:
        return True  # none is left to look with
