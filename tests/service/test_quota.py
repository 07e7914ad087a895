"""Quotas of control groups, of either version, wherever they were set."""

from pathlib import Path

import pytest

from service.quota import quota_cores

QUOTAS = [("150000", 2), ("100000", 1), ("20000", 1), ("none", None), ("9900000", 99)]


def set_quota(mount: Path, version: int, group: str, quota: str) -> None:
    """As the kernel shows it."""
    folder = (mount / "cpu" if version == 1 else mount) / group
    folder.mkdir(parents=True, exist_ok=True)
    if version == 1:
        (folder / "cpu.cfs_quota_us").write_text(f"{quota.replace('none', '-1')}\n")
        (folder / "cpu.cfs_period_us").write_text("100000\n")
    else:
        (folder / "cpu.max").write_text(f"{quota.replace('none', 'max')} 100000\n")


def told(folder: Path, version: int, path: str) -> Path:
    """What `/proc/self/cgroup` says of a process in a group."""
    own = folder / "own"
    lines = {1: f"4:memory:/elsewhere\n2:cpu,cpuacct:{path}\n1:cpuset:/\n0::/\n", 2: f"0::{path}\n"}
    own.write_text(lines[version])
    return own


@pytest.mark.parametrize(("quota", "cores"), QUOTAS)
@pytest.mark.parametrize("version", [1, 2])
def test_the_quota_of_a_container_counts(
    tmp_path: Path, version: int, quota: str, cores: int | None
) -> None:
    """Its processes see their own group as the root, or its path as it is called outside."""
    set_quota(tmp_path, version, "", quota)
    for path in ("/", "/kubepods/pod1/abc"):
        assert quota_cores(tmp_path, told(tmp_path, version, path)) == cores
    assert quota_cores(tmp_path, tmp_path / "nothing") == cores


@pytest.mark.parametrize(("quota", "cores"), QUOTAS)
@pytest.mark.parametrize("version", [1, 2])
def test_so_does_that_of_a_service_s_own_group(
    tmp_path: Path, version: int, quota: str, cores: int | None
) -> None:
    set_quota(tmp_path, version, "system.slice/unmask.service", quota)
    own = told(tmp_path, version, "/system.slice/unmask.service")
    assert quota_cores(tmp_path, own) == cores


@pytest.mark.parametrize("version", [1, 2])
def test_the_least_of_a_group_and_those_above_counts(tmp_path: Path, version: int) -> None:
    for group, quota in (("a", "200000"), ("a/b", "none"), ("a/b/c", "300000"), ("a/d", "100000")):
        set_quota(tmp_path, version, group, quota)
    assert quota_cores(tmp_path, told(tmp_path, version, "/a/b/c")) == 2


def test_without_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert quota_cores(tmp_path, tmp_path / "nothing") is None
