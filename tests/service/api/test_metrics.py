"""The metrics add up to what was asked."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from platform import python_version

import httpx
import numpy as np

from service.inference.model_file import ModelFile
from tests.media_files import encode
from tests.service.running import metrics_of

_LINE = re.compile(r"^(unmask_\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


def scrape(server: httpx.Client) -> dict[str, float]:
    return {name: float(value) for name, value in _LINE.findall(metrics_of(server))}


def total(metrics: dict[str, float], prefix: str) -> float:
    return sum(value for name, value in metrics.items() if name.startswith(prefix))


def test_the_metrics_add_up(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    before = scrape(server)
    for _ in range(3):
        assert server.post("/analyze", content=astronaut_jpeg).status_code == 200
    blank = encode(np.full((64, 64, 3), 9, np.uint8), ".png")
    assert server.post("/analyze", content=blank).status_code == 200
    assert server.post("/analyze", content=b"words").status_code == 415
    assert server.post("/analyze?mask=x", content=blank).status_code == 400
    after = scrape(server)

    def grown(prefix: str) -> float:
        return total(after, prefix) - total(before, prefix)

    assert grown("unmask_requests_total{") == 6
    assert grown('unmask_requests_total{code="unsupported_media",status="415",') == 1
    assert grown('unmask_requests_total{code="invalid_request",status="400",') == 1
    assert grown('unmask_requests_total{code="none",status="200",verdict="no_face"}') == 1
    assert grown("unmask_request_seconds_count") == 6
    assert grown('unmask_stage_seconds_count{stage="media"}') == 4
    assert grown('unmask_stage_seconds_count{stage="inference"}') == 4
    assert grown("unmask_crops_total") == 3
    assert grown("unmask_batch_size_sum") == 3
    assert grown("unmask_fake_probability_count") == 3
    assert after["unmask_queue_crops"] == 0
    assert after["unmask_in_flight_requests"] == 0
    assert after["unmask_ready"] == 1


def test_the_metrics_add_up_under_load(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    """Scraped all the while, they never show more at work than was sent."""
    before, stages = scrape(server), "unmask_stage_in_flight_requests{"
    sent = [astronaut_jpeg] * 30 + [b"words"] * 6
    seen: list[dict[str, float]] = []
    with ThreadPoolExecutor(12) as clients:
        posted = [clients.submit(server.post, "/analyze", content=content) for content in sent]
        while not all(post.done() for post in posted):
            seen.append(scrape(server))
    statuses = Counter(post.result().status_code for post in posted)
    after = scrape(server)

    def grown(prefix: str) -> float:
        return total(after, prefix) - total(before, prefix)

    assert statuses == {200: 30, 415: 6}
    assert grown("unmask_requests_total{") == grown("unmask_request_seconds_count") == 36
    for status, code in ((200, "none"), (415, "unsupported_media")):
        asked = f'unmask_requests_total{{code="{code}",status="{status}"'
        assert grown(asked) == statuses[status]
        assert grown(f'unmask_request_seconds_count{{status="{status}"') == statuses[status]
    assert grown('unmask_stage_seconds_count{stage="upload"}') == 36
    for stage in ("media", "queue", "inference", "report"):
        assert grown(f'unmask_stage_seconds_count{{stage="{stage}"}}') == 30
    assert grown("unmask_crops_total") == grown("unmask_batch_size_sum") == 30
    assert grown("unmask_batch_size_count") <= 30
    assert grown("unmask_fake_probability_count") == 30
    inside = [(total(each, stages), each["unmask_in_flight_requests"]) for each in seen]
    assert max(flying for _, flying in inside) >= 2
    assert all(0 <= staged <= flying <= 12 for staged, flying in inside)
    assert any(staged > 0 for staged, _ in inside)
    assert total(after, stages) == after["unmask_in_flight_requests"] == 0


def test_the_model_and_the_device_show(server: httpx.Client, served_model: ModelFile) -> None:
    metrics = scrape(server)
    (info,) = [name for name in metrics if name.startswith("unmask_model_info")]
    assert f'sha256="{served_model.sha256}"' in info
    assert 'provider="CPUExecutionProvider"' in info
    assert metrics['unmask_device_memory_bytes{device="cpu"}'] > 1e6


def test_the_build_shows(server: httpx.Client) -> None:
    (info,) = [name for name in scrape(server) if name.startswith("unmask_build_info")]
    built = server.get("/model").json()["service"]
    assert f'version="{built["version"]}"' in info
    assert f'onnxruntime="{built["onnxruntime"]}"' in info
    assert f'python="{python_version()}"' in info
