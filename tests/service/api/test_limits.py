"""Each limit, passed with a real file, answers with its own name."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media_files import animated, clip, encode, moving
from tests.service.running import running_server

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def narrow(model_path: Path) -> Iterator[httpx.Client]:
    """A server that takes pictures of 320 x 240, and two seconds of 40 frames."""
    with running_server(
        model_path,
        MEDIA__MAX_BYTES="400000",
        MEDIA__MAX_PIXELS="76800",
        MEDIA__MAX_DURATION_S="2",
        MEDIA__MAX_FRAMES_TOTAL="40",
        MEDIA__WORKERS="1",
    ) as running:
        yield running.client


@pytest.fixture(scope="module")
def still(astronaut: Pixels) -> Pixels:
    return np.asarray(cv2.resize(astronaut, (160, 120)), np.uint8)


def limit(response: httpx.Response) -> str:
    """Which limit a refusal names; it must be one of 413."""
    assert response.status_code == 413, response.text
    body = response.json()
    assert body["code"] == "media_too_large"
    assert any(letter.isdigit() for letter in body["detail"]), "the limit itself is told"
    return str(body["limit"])


def test_what_is_within_all_limits_is_taken(narrow: httpx.Client, still: Pixels) -> None:
    response = narrow.post("/analyze", content=clip(moving(still, 20)))
    assert response.status_code == 200, response.text


def test_bytes(narrow: httpx.Client) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    assert limit(narrow.post("/analyze", content=encode(noise, ".png"))) == "bytes"


@pytest.mark.parametrize("form", [False, True], ids=["raw body", "form"])
def test_a_file_of_just_the_limits_is_taken(narrow: httpx.Client, form: bool) -> None:
    picture = encode(np.full((240, 320, 3), 80, np.uint8))
    data = picture + bytes(400_000 - len(picture))
    if form:
        response = narrow.post("/analyze", files={"file": ("a.jpg", data)})
    else:
        response = narrow.post("/analyze", content=data)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".tiff"])
def test_pixels_of_a_picture(narrow: httpx.Client, extension: str) -> None:
    flat = np.full((242, 320, 3), 80, np.uint8)
    assert limit(narrow.post("/analyze", content=encode(flat, extension))) == "pixels"


@pytest.mark.parametrize("container", ["mp4", "webm", "mkv", "avi"])
def test_pixels_of_a_clip(narrow: httpx.Client, container: str) -> None:
    flat = [np.full((242, 320, 3), 80, np.uint8)] * 3
    assert limit(narrow.post("/analyze", content=clip(flat, container))) == "pixels"


@pytest.mark.parametrize("container", ["mp4", "webm", "mkv"])
def test_duration(narrow: httpx.Client, still: Pixels, container: str) -> None:
    slow = clip(moving(still, 8), container, times_ms=[400 * i for i in range(8)])
    assert limit(narrow.post("/analyze", content=slow)) == "duration"


@pytest.mark.parametrize("container", ["mp4", "webm", "mkv"])
def test_frames(narrow: httpx.Client, still: Pixels, container: str) -> None:
    many = clip(moving(still, 60), container, times_ms=[20 * i for i in range(60)])
    assert limit(narrow.post("/analyze", content=many)) == "frames"


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_animations_have_the_same_limits(narrow: httpx.Client, still: Pixels, kind: str) -> None:
    small = [each[::2, ::2] for each in moving(still, 50)]
    upload = animated(small, [20] * 50, kind)  # type: ignore[arg-type]
    assert limit(narrow.post("/analyze", content=upload)) == "frames"
    upload = animated(small[:6], [900] * 6, kind)  # type: ignore[arg-type]
    assert limit(narrow.post("/analyze", content=upload)) == "duration"


def test_a_clip_that_takes_too_long_to_decode(model_path: Path, astronaut: Pixels) -> None:
    large = [np.asarray(cv2.resize(each, (1024, 1024)), np.uint8) for each in moving(astronaut, 30)]
    with running_server(model_path, MEDIA__TIMEOUT_S="0.1", MEDIA__WORKERS="2") as running:
        response = running.client.post("/analyze", content=clip(large))
        assert (response.status_code, response.json()["code"]) == (422, "decode_timeout")
        assert running.client.get("/livez").status_code == 200
