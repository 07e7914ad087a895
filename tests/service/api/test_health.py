"""Health, the model card and the page."""

import re
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from service.runtime import Runtime
from tests.service.running import running_server


def test_alive_and_ready(server: httpx.Client) -> None:
    assert server.get("/livez").json() == {"status": "alive"}
    assert server.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/model"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_holds_for_now_only_is_kept_by_no_cache(
    server: httpx.Client, method: str, path: str
) -> None:
    assert server.request(method, path).headers["cache-control"] == "no-store"


def test_a_page_never_meets_the_scripts_of_another_version(server: httpx.Client) -> None:
    for path in ("/", "/web/app.js", "/web/viewer.js", "/web/style.css"):
        assert server.get(path).headers["cache-control"] == "no-cache"


def test_the_page_works_wherever_a_proxy_shows_it(server: httpx.Client) -> None:
    """Below a path that the proxy takes off, nothing may be asked for from the top."""
    for path in ("/", "/web/app.js", "/web/viewer.js", "/web/timeline.js", "/web/words.js"):
        assert not re.search(r"""(href|src)="/|fetch\(["'`]/""", server.get(path).text)


def test_the_model_card_tells_what_else_has_a_say(model_path: Path) -> None:
    settings = {"VERDICT__MIN_FACE_PX": "48", "MEDIA__MAX_FRAMES": "12", "FACES__MIN_SCORE": "0.8"}
    with running_server(model_path, **settings) as running:
        told = running.client.get("/model").json()["service"]
    assert told.pop("version") == version("unmask")
    assert told.pop("onnxruntime") == Runtime().version
    assert told == {
        "min_face_px": 48,
        "min_sharpness": 1.0,
        "detector": "libfacedetection",
        "min_score": 0.8,
        "max_faces": 8,
        "frames": 12,
        "max_frames": 12,
    }


def test_the_page_needs_nothing_from_elsewhere(server: httpx.Client) -> None:
    page = server.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text
    assert "<style" not in page.text
    assert "style=" not in page.text
    for path in ("web/app.js", "web/style.css"):
        assert f'"{path}"' in page.text
        assert server.get(f"/{path}").status_code == 200


def test_every_script_the_page_loads_is_served(server: httpx.Client) -> None:
    asked, known = ["app.js"], set()
    while asked:
        name = asked.pop()
        known.add(name)
        script = server.get(f"/web/{name}")
        assert script.status_code == 200
        assert script.headers["content-type"].startswith("text/javascript")
        asked += set(re.findall(r'from "\./([^"]+)"', script.text)) - known
    assert len(known) > 1


def test_the_page_and_its_scripts_use_the_same_ids(server: httpx.Client) -> None:
    ids = set(re.findall(r'id="([^"]+)"', server.get("/").text))
    for name in ("app.js", "viewer.js"):
        used = set(re.findall(r'at\("([^"]+)"\)', server.get(f"/web/{name}").text))
        assert used
        assert used <= ids


def test_the_documentation_is_served(server: httpx.Client) -> None:
    assert server.get("/docs").status_code == 200
