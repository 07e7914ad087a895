"""Health, the model card and the page."""

import re
from importlib.metadata import version
from pathlib import Path

import httpx

from service.runtime import Runtime
from tests.service.running import running_server


def test_alive_and_ready(server: httpx.Client) -> None:
    assert server.get("/livez").json() == {"status": "alive"}
    assert server.get("/readyz").json() == {"status": "ready"}


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
    for path in ("/web/app.js", "/web/style.css"):
        assert path in page.text
        assert server.get(path).status_code == 200


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
