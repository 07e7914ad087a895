"""What was uploaded comes back with masks and faces drawn on it."""

import base64
import io
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.media_files import clip, encode, moving

Pixels = NDArray[np.uint8]
WEBP = {"Accept": "image/webp"}


@pytest.fixture(scope="module")
def walking(astronaut: Pixels) -> bytes:
    return clip(moving(astronaut[:320, 60:380], 12))


def opened(data: bytes) -> tuple[str | None, int, tuple[int, int]]:
    """Format, frames and size of a picture whose every frame can be decoded."""
    with Image.open(io.BytesIO(data)) as picture:
        frames = getattr(picture, "n_frames", 1)
        for number in range(frames):
            picture.seek(number)
            picture.load()
        return picture.format, frames, picture.size


def test_a_report_can_enclose_a_clips_overlay(server: httpx.Client, walking: bytes) -> None:
    report: dict[str, Any] = server.post(
        "/analyze", params={"mask": "clip", "max_frames": 5}, content=walking
    ).json()
    overlay = report["overlay"]
    assert overlay["media_type"] == "image/webp"
    assert opened(base64.b64decode(overlay["data"])) == ("WEBP", 5, (320, 320))
    assert len(report["timeline"]) == 5
    assert report["mask"]["png"]


def test_the_overlay_of_a_picture_is_a_still(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    report = server.post("/analyze", params={"mask": "clip"}, content=astronaut_jpeg).json()
    assert opened(base64.b64decode(report["overlay"]["data"])) == ("WEBP", 1, (512, 512))


def test_without_being_asked_for_there_is_none(server: httpx.Client, walking: bytes) -> None:
    for mask in ("inline", "none"):
        response = server.post("/analyze", params={"mask": mask}, content=walking)
        assert response.json()["overlay"] is None


def test_the_overlay_alone_is_a_file_with_the_verdict_in_its_headers(
    server: httpx.Client, walking: bytes
) -> None:
    response = server.post(
        "/analyze", params={"max_frames": 6}, files={"file": ("a.mp4", walking)}, headers=WEBP
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/webp"
    assert ".webp" in response.headers["content-disposition"]
    assert response.headers["x-unmask-verdict"] in {"manipulated", "authentic", "inconclusive"}
    assert 0.0 <= float(response.headers["x-unmask-fake-probability"]) <= 1.0
    assert opened(response.content) == ("WEBP", 6, (320, 320))


def test_without_a_face_the_file_is_drawn_as_it_is(server: httpx.Client) -> None:
    grey = encode(np.full((90, 120, 3), 99, np.uint8), ".png")
    response = server.post("/analyze", content=grey, headers=WEBP)
    assert response.headers["x-unmask-verdict"] == "no_face"
    assert opened(response.content) == ("WEBP", 1, (120, 90))
    report = server.post("/analyze", params={"mask": "clip"}, content=grey).json()
    assert report["overlay"] is None


def test_the_mask_alone_of_a_clip_is_that_of_its_worst_frame(
    server: httpx.Client, walking: bytes
) -> None:
    report = server.post("/analyze", content=walking).json()
    response = server.post("/analyze", content=walking, headers={"Accept": "image/png"})
    assert response.headers["x-unmask-frame-index"] == str(report["mask"]["frame_index"])
    assert response.content == base64.b64decode(report["mask"]["png"])
    assert opened(response.content) == ("PNG", 1, (320, 320))


def test_a_clips_faces_say_when(server: httpx.Client, walking: bytes) -> None:
    report = server.post("/analyze", content=walking, params={"max_frames": 6}).json()
    (face,) = report["faces"]
    times = [point["time_s"] for point in report["timeline"]]
    assert (face["first_s"], face["last_s"]) == (times[0], times[-1])
    assert face["frames_analyzed"] == 6
    assert 0.0 <= face["agreement"] <= 1.0
    for interval in face["intervals"]:
        assert 0.0 <= interval["start_s"] < interval["end_s"] <= report["media"]["duration_s"]
    for point in report["timeline"]:
        (seen,) = point["faces"]
        assert seen["box"]["width"] > 40


def test_the_documentation_tells_of_it(server: httpx.Client) -> None:
    operation = server.get("/openapi.json").json()["paths"]["/analyze"]["post"]
    assert "image/webp" in operation["responses"]["200"]["content"]
    (mask,) = [each for each in operation["parameters"] if each["name"] == "mask"]
    assert mask["schema"]["enum"] == ["inline", "none", "clip"]
    assert "overlay" in mask["description"]
