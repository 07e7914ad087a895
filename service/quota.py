"""How many cores the kernel's control groups leave a process."""

import math
from collections.abc import Iterator
from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def quota_cores(mount: Path = _MOUNT, own: Path = _OWN) -> int | None:
    """Cores that the least CPU quota of this process's groups is worth, rounded up, at least 1.

    A quota holds for all groups below the one it was set for (cgroups(7)): a service manager sets
    it for a group of its own, a container for what its processes see as the root.
    mount: where the groups are, of version 2 or, in a folder for each controller, of version 1.
    own: what the kernel says of the groups that the process is in.
    None where there is no quota.
    """
    limits = [limit for folder in _folders(mount, own) if (limit := _quota(folder)) is not None]
    return max(1, math.ceil(min(limits))) if limits else None


def _folders(mount: Path, own: Path) -> Iterator[Path]:
    """The process's groups and all above them; a path that is not seen from here adds nothing."""
    try:
        told = own.read_text("utf-8", "replace").splitlines()
    except OSError:
        told = []
    for line in ("0::/", "1:cpu:/", *told):
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mount / "cpu" if controllers else mount
        group = Path(path.lstrip("/"))
        yield from (root / above for above in (group, *group.parents))


def _quota(folder: Path) -> float | None:
    """Cores that one group's quota is worth; None without one."""
    try:
        if (folder / "cpu.max").is_file():
            share, period = (folder / "cpu.max").read_text("ascii").split()
        else:
            share, period = (
                (folder / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period")
            )
    except OSError:
        return None
    return None if share.strip() in ("max", "-1") else int(share) / int(period)
