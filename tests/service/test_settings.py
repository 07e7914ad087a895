"""Settings that contradict themselves are refused, not repaired in silence."""

import os

import pytest
from pydantic import ValidationError

from service.settings import InferenceSettings, MediaSettings, Settings, ignored_variables


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
