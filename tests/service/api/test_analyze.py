"""POST /analyze through a real socket: the report field by field."""

import base64
import hashlib
import math
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.extract import extract
from service.faces.plan import ExtractionPlan
from service.inference.model_file import ModelFile
from service.inference.session import Session
from service.media.upload import Upload
from service.runtime import Runtime
from service.verdict.calibration import fake_logit, probability
from tests.media_files import clip, encode, moving, with_orientation
from tests.service.conftest import CPU, PLAN

Pixels = NDArray[np.uint8]
VERDICTS = {"manipulated", "authentic", "inconclusive"}


def post(server: httpx.Client, data: bytes, **query: str | int) -> dict[str, Any]:
    response = server.post("/analyze", params=query, files={"file": ("upload", data)})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    return body


def decoded(png: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


@pytest.fixture(scope="module")
def report(server: httpx.Client, astronaut_jpeg: bytes) -> dict[str, Any]:
    return post(server, astronaut_jpeg)


def test_a_report_has_every_field(report: dict[str, Any]) -> None:
    assert set(report) == {
        *("id", "verdict", "fake_probability", "real_probability", "method", "mask", "faces"),
        *("overlay", "timeline", "media", "model", "timing_ms", "warnings"),
    }
    (face,) = report["faces"]
    assert set(face) == {
        *("track", "box", "detection_score", "fake_probability", "verdict", "method", "mask"),
        *("area_fraction", "quality", "frames_analyzed", "first_s", "last_s", "intervals"),
        *("agreement", "warnings"),
    }
    measures = {"width_px", "sharpness", "brightness", "blockiness"}
    assert set(face["quality"]) == measures | {"warnings"}


def test_probabilities_add_up_and_the_one_face_decides(report: dict[str, Any]) -> None:
    (face,) = report["faces"]
    assert report["fake_probability"] + report["real_probability"] == pytest.approx(1.0)
    assert 0.0 <= report["fake_probability"] <= 1.0
    assert report["fake_probability"] == face["fake_probability"]
    assert report["verdict"] == face["verdict"]
    assert report["verdict"] in VERDICTS
    assert report["method"] == face["method"]


def test_the_verdict_follows_the_models_thresholds(
    report: dict[str, Any], model: ModelFile
) -> None:
    fake, limits = report["fake_probability"], model.spec.thresholds
    assert (report["verdict"] == "manipulated") == (fake >= limits.manipulated)
    assert (report["verdict"] == "authentic") == (fake <= limits.authentic)


def test_the_face_is_cut_as_the_model_asks_for(
    report: dict[str, Any], served_model: ModelFile, runtime: Runtime, astronaut_jpeg: bytes
) -> None:
    plan = ExtractionPlan(crop=served_model.spec.crop_rule)
    (crop,) = extract(Upload(astronaut_jpeg), plan).crops
    (evidence,) = Session(served_model, CPU, PLAN, runtime).run([crop.pixels])
    wanted = probability(fake_logit(evidence, served_model.spec.calibration))
    assert report["fake_probability"] == pytest.approx(wanted, abs=1e-4)


def test_the_method_is_one_of_the_models(report: dict[str, Any], model: ModelFile) -> None:
    method = report["method"]
    assert method["confidence"] in {"low", "medium", "high"}
    assert (method["name"] == "none") == (report["verdict"] == "authentic")
    assert method["name"] in {*model.spec.methods, "none", "unknown"} or not model.spec.methods
    if method["probabilities"]:
        assert set(method["probabilities"]) == set(model.spec.methods)
        assert math.isclose(sum(method["probabilities"].values()), 1.0, abs_tol=1e-6)


def test_the_face_is_where_the_astronauts_face_is(report: dict[str, Any]) -> None:
    (face,) = report["faces"]
    box = face["box"]
    assert box["x"] < 224 < box["x"] + box["width"]
    assert box["y"] < 120 < box["y"] + box["height"]
    assert 60 < box["width"] < 140
    assert face["detection_score"] > 0.5
    assert face["quality"]["width_px"] == pytest.approx(box["width"], abs=1)


def test_the_mask_is_a_full_frame_of_black_and_white(report: dict[str, Any]) -> None:
    mask = report["mask"]
    pixels = decoded(base64.b64decode(mask["png"]))
    assert pixels.shape == (mask["height"], mask["width"]) == (512, 512)
    assert set(np.unique(pixels)) <= {0, 255}
    assert mask["area_fraction"] == pytest.approx(np.count_nonzero(pixels) / pixels.size)
    assert mask["frame_index"] == 0


def test_the_mask_lies_within_the_faces_square(report: dict[str, Any]) -> None:
    (face,) = report["faces"]
    square = face["mask"]["box"]
    pixels = decoded(base64.b64decode(report["mask"]["png"]))
    rows, columns = np.nonzero(pixels)
    if len(rows):
        assert columns.min() >= square["x"] - 1
        assert columns.max() <= square["x"] + square["width"] + 1
        assert rows.min() >= square["y"] - 1
        assert rows.max() <= square["y"] + square["height"] + 1
    own = decoded(base64.b64decode(face["mask"]["png"]))
    assert face["area_fraction"] == pytest.approx(np.count_nonzero(own) / own.size)


def test_media_model_and_timing(
    report: dict[str, Any], served_model: ModelFile, astronaut_jpeg: bytes
) -> None:
    assert report["media"] == {
        **{"kind": "image", "format": "jpeg", "width": 512, "height": 512},
        **{"duration_s": None, "frames_total": 1, "frames_analyzed": 1},
        "sha256": hashlib.sha256(astronaut_jpeg).hexdigest(),
    }
    assert report["model"] == {
        **{"name": served_model.spec.name, "version": served_model.spec.version},
        **{"sha256": served_model.sha256, "device": "cpu"},
    }
    timing = report["timing_ms"]
    stages = [timing[stage] for stage in ("media", "queue", "inference", "report")]
    assert all(value > 0 for value in stages)
    assert timing["total"] == pytest.approx(sum(stages), abs=0.05)


def test_a_pictures_timeline_is_one_point(report: dict[str, Any]) -> None:
    box = report["faces"][0]["box"]
    judged = {"track": 0, "fake_probability": report["fake_probability"], "box": box}
    seen = {"roll_deg": 0.0, "in_key_frame": True, "votes": True}
    (point,) = report["timeline"]
    assert point == {"frame_index": 0, "time_s": 0.0, "until_s": 0.0, "faces": [judged | seen]}


def test_two_faces_in_one_picture(server: httpx.Client, astronaut: Pixels) -> None:
    pair = post(server, encode(np.hstack([astronaut, astronaut[:, ::-1]])))
    assert pair["media"]["width"] == pair["mask"]["width"] == 1024
    assert sorted(face["track"] for face in pair["faces"]) == [0, 1]
    sides = sorted(face["box"]["x"] > 512 for face in pair["faces"])
    assert sides == [False, True]
    assert len(pair["timeline"][0]["faces"]) == 2


def test_max_faces_keeps_the_largest(server: httpx.Client, astronaut: Pixels) -> None:
    small = cv2.resize(astronaut, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    both = np.zeros((512, 820, 3), np.uint8)
    both[:, :512] = astronaut
    both[: small.shape[0], 512 : 512 + small.shape[1]] = small
    (face,) = post(server, encode(both), max_faces=1)["faces"]
    assert face["box"]["x"] < 512


def test_without_a_face_there_is_no_probability(server: httpx.Client) -> None:
    ramp = np.tile(np.linspace(0, 255, 320, dtype=np.uint8)[None, :, None], (200, 1, 3))
    report = post(server, encode(ramp, ".png"))
    assert report["verdict"] == "no_face"
    assert report["fake_probability"] is None
    assert report["real_probability"] is None
    assert report["mask"] is None
    assert report["faces"] == []
    assert report["method"] == {"name": "unknown", "probabilities": {}, "confidence": "low"}


def test_masks_can_be_left_out(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    report = post(server, astronaut_jpeg, mask="none")
    assert report["mask"]["png"] is None
    assert report["faces"][0]["mask"]["png"] is None
    assert report["mask"]["width"] == 512


def test_a_raw_body_is_the_same_as_a_form(
    server: httpx.Client, astronaut_jpeg: bytes, report: dict[str, Any]
) -> None:
    response = server.post(
        "/analyze", content=astronaut_jpeg, headers={"Content-Type": "image/jpeg"}
    )
    assert response.status_code == 200
    for field in ("verdict", "fake_probability", "mask", "faces", "media"):
        assert response.json()[field] == report[field]


def test_a_mask_alone_has_the_frames_size_and_the_verdict_in_headers(
    server: httpx.Client, astronaut: Pixels, report: dict[str, Any]
) -> None:
    wide = encode(np.hstack([astronaut, np.zeros((512, 88, 3), np.uint8)]))
    response = server.post(
        "/analyze", files={"file": ("wide.jpg", wide)}, headers={"Accept": "image/png"}
    )
    assert response.headers["content-type"] == "image/png"
    assert decoded(response.content).shape == (512, 600)
    assert response.headers["x-unmask-verdict"] in VERDICTS
    assert 0.0 <= float(response.headers["x-unmask-fake-probability"]) <= 1.0


def test_a_mask_alone_without_a_face_is_black(server: httpx.Client) -> None:
    grey = encode(np.full((90, 120, 3), 99, np.uint8), ".png")
    response = server.post(
        "/analyze", files={"file": ("grey.png", grey)}, headers={"Accept": "image/png"}
    )
    pixels = decoded(response.content)
    assert pixels.shape == (90, 120)
    assert not pixels.any()
    assert response.headers["x-unmask-verdict"] == "no_face"
    assert "x-unmask-fake-probability" not in response.headers


def test_exif_orientation_is_honoured(server: httpx.Client, astronaut: Pixels) -> None:
    upright = np.ascontiguousarray(astronaut[:, :400])
    lying = with_orientation(np.ascontiguousarray(np.rot90(upright)), 6)
    report = post(server, lying)
    assert (report["media"]["width"], report["media"]["height"]) == (400, 512)
    assert (report["mask"]["width"], report["mask"]["height"]) == (400, 512)
    (face,) = report["faces"]
    assert face["box"]["x"] < 224 < face["box"]["x"] + face["box"]["width"]


def test_a_clip_has_a_timeline(server: httpx.Client, astronaut: Pixels) -> None:
    small = cv2.resize(astronaut, (320, 320), interpolation=cv2.INTER_AREA)
    report = post(server, clip(moving(np.asarray(small, np.uint8), 12)), max_frames=6)
    assert report["media"]["kind"] == "video"
    assert report["media"]["frames_total"] == 12
    assert report["media"]["frames_analyzed"] == len(report["timeline"]) == 6
    times = [point["time_s"] for point in report["timeline"]]
    assert times == sorted(times)
    (face,) = report["faces"]
    assert face["track"] == 0
    assert report["mask"]["frame_index"] in {p["frame_index"] for p in report["timeline"]}


def test_requests_at_once_get_their_own_reports(server: httpx.Client, astronaut: Pixels) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    uploads = [encode(astronaut, quality=quality) for quality in range(40, 96, 5)]
    with ThreadPoolExecutor(6) as threads:
        reports = list(threads.map(lambda data: post(server, data, mask="none"), uploads))
    digests = [hashlib.sha256(data).hexdigest() for data in uploads]
    assert [report["media"]["sha256"] for report in reports] == digests
    assert len({report["id"] for report in reports}) == len(reports)
