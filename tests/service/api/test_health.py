"""Health, the model card and the page."""

import re

import httpx

from service.inference.model_file import ModelFile


def test_alive_and_ready(server: httpx.Client) -> None:
    assert server.get("/livez").json() == {"status": "alive"}
    assert server.get("/readyz").json() == {"status": "ready"}


def test_the_model_describes_itself(server: httpx.Client, served_model: ModelFile) -> None:
    card = server.get("/model").json()
    assert card["sha256"] == served_model.sha256
    assert card["name"] == served_model.spec.name
    assert card["methods"] == list(served_model.spec.methods)
    assert card["thresholds"]["manipulated"] == served_model.spec.thresholds.manipulated
    assert card["provider"] == "CPUExecutionProvider"


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
