"""Settings that contradict themselves are refused, not repaired in silence."""

import os
import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from service.settings import InferenceSettings, MediaSettings, Settings, ignored_variables
from tests.service.running import ROOT


def test_an_empty_host_is_not_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_HOST", "")
    with pytest.raises(ValidationError, match="host"):
        Settings()


def test_keys_are_divided_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_API_KEYS", "first, second,")
    assert [key.get_secret_value() for key in Settings().api_keys] == ["first", "second"]
    monkeypatch.setenv("UNMASK_API_KEYS", "")
    assert Settings().api_keys == ()


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        *[(",", "holds no key"), (" ", "holds no key"), ("a,d\u00e9", "ASCII")],
        *[('["a","b"]', "without brackets"), ('"a"', "or quotes"), ("a,'b'", "or quotes")],
    ],
)
def test_keys_that_cannot_be_meant_do_not_leave_the_service_open(
    keys: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNMASK_API_KEYS", keys)
    with pytest.raises(ValidationError, match=reason):
        Settings()


def test_kubernetes_address_of_a_service_is_not_our_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_PORT", "tcp://10.0.0.1:9000")
    assert Settings().port == 8000
    assert ignored_variables(os.environ) == ["UNMASK_PORT"]
    monkeypatch.setenv("UNMASK_PORT", "9000")
    assert (Settings().port, ignored_variables(os.environ)) == (9000, [])


def test_threads_have_a_limit() -> None:
    assert InferenceSettings(threads=256).threads == 256
    with pytest.raises(ValidationError, match="threads"):
        InferenceSettings(threads=257)


def test_no_more_frames_are_asked_for_than_are_allowed() -> None:
    with pytest.raises(ValidationError, match="FRAMES are more than its MAX_FRAMES"):
        MediaSettings(frames=100)
    assert MediaSettings(frames=100, max_frames=100).frames == 100
    assert MediaSettings(max_frames=8).max_frames == 8, "the default gives way"


@pytest.mark.parametrize("name", ["DRAIN_S", "UNREADY_S"])
def test_the_end_comes_at_some_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"UNMASK_SERVER__{name}", "inf")
    with pytest.raises(ValidationError, match="finite"):
        Settings()


def test_a_limit_of_memory_is_one_the_kernel_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_MEDIA__MEMORY_BYTES", str(2**63))
    with pytest.raises(ValidationError, match="less than"):
        Settings()


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("`UNMASK_HOST` `UNMASK_PORT` | `127.0.0.1` `8000` |", lambda s: (s.host, str(s.port))),
        ("`UNMASK_LOG_LEVEL` | `info` |", lambda s: (s.log_level,)),
        ("`UNMASK_DEVICE` | `auto` |", lambda s: (s.device,)),
        ("`UNMASK_PRECISION` | `auto` |", lambda s: (s.precision,)),
        (
            "`__MAX_PIXELS` `__MAX_DURATION_S` `__MAX_FRAMES_TOTAL` | 100 MiB, 50 million, 900, "
            "60,000 |",
            lambda s: (
                f"{s.media.max_bytes // 2**20} MiB",
                f"{s.media.max_pixels // 10**6} million",
                f"{s.media.max_duration_s:g}",
                f"{s.media.max_frames_total:,}",
            ),
        ),
        (
            "`UNMASK_MEDIA__CAPACITY_BYTES` | 1 GiB |",
            lambda s: (f"{s.media.capacity_bytes // 2**30} GiB",),
        ),
        (
            "`UNMASK_MEDIA__FRAMES` `__MAX_FRAMES` | 16, 64 |",
            lambda s: (f"{s.media.frames}", f"{s.media.max_frames}"),
        ),
        (
            "`UNMASK_FACES__MAX_FACES` `__MIN_SCORE` | 8, 0.7 |",
            lambda s: (f"{s.faces.max_faces}", f"{s.faces.min_score}"),
        ),
        (
            "`__MEMORY_BYTES` `__TIMEOUT_S` `__LIFETIME_S` | one a core (at least 2), 2 GiB, 30, "
            "600 |",
            lambda s: (
                f"{s.media.memory_bytes // 2**30} GiB",
                f"{s.media.timeout_s:g}",
                f"{s.media.lifetime_s:g}",
            ),
        ),
        (
            "`UNMASK_INFERENCE__CAPACITY_CROPS` | 256 |",
            lambda s: (f"{s.inference.capacity_crops}",),
        ),
        (
            "`UNMASK_SERVER__DEADLINE_S` `__DRAIN_S` `__UNREADY_S` | 60, 30, 1 |",
            lambda s: (
                f"{s.server.deadline_s:g}",
                f"{s.server.drain_s:g}",
                f"{s.server.unready_s:g}",
            ),
        ),
        ("`UNMASK_SERVER__KEEP_ALIVE_S` | 75 |", lambda s: (str(s.server.keep_alive_s),)),
        (
            "`UNMASK_VERDICT__MIN_FACE_PX` `__MIN_SHARPNESS` | 64, 1.0 |",
            lambda s: (f"{s.verdict.min_face_px}", f"{s.verdict.min_sharpness}"),
        ),
    ],
)
def test_the_readme_tells_the_defaults(
    row: str, values: Callable[[Settings], tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("UNMASK_")]:
        monkeypatch.delenv(name)
    assert row in (ROOT / "README.md").read_text("utf-8")
    told = row.split(" | ")[1]
    for value in values(Settings()):
        assert re.search(rf"(^|[ `]){re.escape(value)}($|[ `,])", told), (value, told)
