"""The OpenAPI document says all that a client needs, and nothing that is not so."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, get_args

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from service.api.desk import Desk
from service.api.document import describe
from service.api.routes import build_router
from service.api.schemas import vocabulary
from service.errors import UnmaskError
from service.faces.crop import Box, Quality
from service.faces.quality import measure
from service.inference.model_file import ModelFile
from service.settings import Settings
from service.telemetry import Telemetry
from service.verdict.calibration import FaceVerdict
from service.verdict.findings import Confidence, Verdict
from service.verdict.support import SupportRule
from tests.media_files import encode

Document = dict[str, Any]
WORDS: dict[str, Mapping[Any, str]] = {
    "ReportBody.verdict": vocabulary.VERDICTS,
    "ReportBody.warnings": vocabulary.REPORT_WARNINGS,
    "FaceBody.verdict": vocabulary.FACE_VERDICTS,
    "FaceBody.warnings": vocabulary.FACE_WARNINGS,
    "QualityBody.warnings": vocabulary.QUALITY_WARNINGS,
    "MethodBody.name": vocabulary.METHODS,
    "MethodBody.confidence": vocabulary.CONFIDENCES,
    "Problem.limit": vocabulary.LIMITS,
}


@pytest.fixture(scope="module")
def document(server: httpx.Client) -> Document:
    found: Document = server.get("/openapi.json").json()
    return found


def described_by(keys: str) -> Document:
    """The document of a service with such keys, which needs no model for it."""
    app = FastAPI()
    settings = Settings.model_validate({"api_keys": keys})
    app.include_router(build_router(Desk(settings, Telemetry())))
    describe(app)
    return app.openapi()


def responses(document: Document, path: str) -> dict[str, Any]:
    (operation,) = document["paths"][path].values()
    found: dict[str, Any] = operation["responses"]
    return found


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict) and "$ref" in node:
        yield node["$ref"]
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from references(each)


def test_every_field_of_every_answer_is_described(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert {"ReportBody", "ModelCardBody", "AliveBody", "ReadyBody", "Problem"} <= set(schemas)
    for name, schema in schemas.items():
        assert schema["description"], name
        assert schema["properties"], name
        for field, value in schema["properties"].items():
            assert len(value.get("description", "")) > 8, f"{name}.{field}"


def test_every_reference_leads_somewhere(document: Document) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


@pytest.mark.parametrize("place", WORDS)
def test_every_word_is_told_the_meaning_of(document: Document, place: str) -> None:
    schema, _, field = place.partition(".")
    text = document["components"]["schemas"][schema]["properties"][field]["description"]
    for word, meaning in WORDS[place].items():
        assert f"- `{word}`: {meaning}." in text


def test_the_words_are_those_of_the_service(served_model: ModelFile) -> None:
    poor = SupportRule(32, 1.0).reasons(Quality(1, 0.0, 0.0, warnings=("covered", "tight")))
    assert set(vocabulary.VERDICTS) == set(get_args(Verdict))
    assert set(vocabulary.FACE_VERDICTS) == set(get_args(FaceVerdict))
    assert set(vocabulary.CONFIDENCES) == set(get_args(Confidence))
    assert set(vocabulary.METHODS) == {*served_model.spec.methods, "none", "unknown"}
    assert set(vocabulary.FACE_WARNINGS) == {*poor, "frames_disagree", "one_of_several"}


def test_the_warnings_of_quality_are_those_that_are_measured() -> None:
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(0, 250, (16, 16), np.uint8), np.ones((8, 8), np.uint8))
    grain = rng.integers(0, 5, blocks.shape, np.uint8)
    compressed = (blocks + grain)[:, :, None].repeat(3, axis=2)
    stripes = np.tile(np.array([90, 90, 96, 96], np.uint8)[:, None, None], (32, 128, 3))
    aside = ((0.0, 0.0), (10.0, 0.0), (30.0, 5.0))
    far = np.array([[1.0, 0.0, 100.0], [0.0, 1.0, 0.0]])
    found = set[str]()
    for frame, box in (
        (compressed, Box(0, 0, 128, 128)),
        (np.zeros_like(compressed), Box(-30, 0, 60, 60)),
        (np.full_like(compressed, 255), Box(0, 0, 60, 60)),
        (stripes, Box(0, 0, 60, 60)),
    ):
        larger = Box(box.x, box.y, 2 * box.width, 2 * box.height)
        found.update(measure(frame, box, aside, frame, others=[larger], crop_to_frame=far).warnings)
    assert found == set(vocabulary.QUALITY_WARNINGS)


def test_the_page_knows_the_same_warnings(server: httpx.Client) -> None:
    script = server.get("/web/words.js").text
    told = re.findall(r"^  (\w+): ", script.partition("};")[0], re.MULTILINE)
    assert set(told) == set(vocabulary.REPORT_WARNINGS)


def test_a_key_can_be_presented_in_both_ways() -> None:
    guarded, open_to_all = described_by("one, two"), described_by("")
    for document in (guarded, open_to_all):
        bearer, header = document["components"]["securitySchemes"].values()
        assert (bearer["type"], bearer["scheme"]) == ("http", "bearer")
        assert (header["type"], header["in"], header["name"]) == ("apiKey", "header", "X-API-Key")
        asking = [path for path, methods in document["paths"].items() if "security" in str(methods)]
        assert asking == ["/analyze"]
    either: list[dict[str, list[str]]] = [{"bearer": []}, {"api_key": []}]
    assert guarded["paths"]["/analyze"]["post"]["security"] == either
    assert open_to_all["paths"]["/analyze"]["post"]["security"] == [*either, {}]


def test_a_running_service_declares_them_too(document: Document) -> None:
    assert len(document["components"]["securitySchemes"]) == 2


def test_the_headers_beside_an_image_are_those_declared(
    server: httpx.Client, document: Document, astronaut_jpeg: bytes
) -> None:
    declared = responses(document, "/analyze")["200"]["headers"]
    known = {name.lower() for name in declared}
    sent = set[str]()
    grey = encode(np.full((90, 120, 3), 99, np.uint8), ".png")
    for content in (astronaut_jpeg, grey):
        for kind in ("image/png", "image/webp"):
            answer = server.post("/analyze", content=content, headers={"Accept": kind})
            sent |= set(answer.headers) - {"content-type", "content-length", "date", "server"}
    assert sent <= known
    assert known - sent <= {"x-unmask-warnings"}
    assert all(header["description"] and header["schema"] for header in declared.values())


def test_the_headers_of_refusals_are_declared(document: Document) -> None:
    analyze = responses(document, "/analyze")
    assert analyze["503"]["headers"]["Retry-After"]["schema"]["type"] == "integer"
    assert "Bearer" in analyze["401"]["headers"]["WWW-Authenticate"]["description"]
    assert "identity" in analyze["415"]["headers"]["Accept-Encoding"]["description"]
    assert "Retry-After" in responses(document, "/model")["503"]["headers"]
    assert "headers" not in responses(document, "/readyz")["503"]


def test_every_answer_of_analyze_has_the_id_that_is_declared(
    server: httpx.Client, document: Document
) -> None:
    answers = responses(document, "/analyze").values()
    declared = [answer["headers"]["X-Request-Id"] for answer in answers]
    assert all("log" in each["description"] for each in declared)
    wrong = server.post("/analyze", content=b"words"), server.post("/analyze?mask=x", content=b"a")
    sent = [answer.headers["x-request-id"] for answer in wrong]
    assert all(re.fullmatch(declared[0]["schema"]["pattern"], each) for each in sent)
    assert len(set(sent)) == 2


def test_the_metrics_are_text(server: httpx.Client, document: Document) -> None:
    (declared,) = responses(document, "/metrics")["200"]["content"]
    assert declared == "text/plain"
    assert server.get("/metrics").headers["content-type"].startswith(declared)


def test_every_code_of_a_problem_is_told(document: Document) -> None:
    text = document["info"]["description"]
    errors: list[type[UnmaskError]] = [UnmaskError, *UnmaskError.__subclasses__()]
    told = {"not_found": 404, "method_not_allowed": 405, "bad_request": 400}
    told |= {"request_timeout": 408, "request_header_fields_too_large": 431}
    told |= {error.code: error.status for error in errors}
    for code, status in told.items():
        assert f"`{code}` ({status})" in text
    for code in ("overloaded", "not_ready"):
        assert f"`{code}`" in responses(document, "/analyze")["503"]["description"]


def test_nothing_may_be_null_that_is_left_out_instead(
    server: httpx.Client, document: Document
) -> None:
    numbers = {
        parameter["name"]: parameter["schema"]
        for parameter in document["paths"]["/analyze"]["post"]["parameters"]
        if parameter["name"].startswith("max_")
    }
    assert set(numbers) == {"max_frames", "max_faces"}
    for name, schema in numbers.items():
        assert (schema["type"], schema["minimum"]) == ("integer", 1)
        for unlike in ("null", "0"):
            assert server.post("/analyze", params={name: unlike}).status_code == 400
    limit = document["components"]["schemas"]["Problem"]["properties"]["limit"]
    assert limit["type"] == "string"
    assert "default" not in limit


def test_the_introduction_is_for_clients(document: Document) -> None:
    text = document["info"]["description"]
    assert "application/problem+json" in text
    for verdict in get_args(Verdict):
        assert f"- `{verdict}`: " in text


def test_the_model_card_has_the_fields_declared(
    server: httpx.Client, document: Document, served_model: ModelFile
) -> None:
    card = server.get("/model").json()
    assert set(card) == set(document["components"]["schemas"]["ModelCardBody"]["properties"])
    spec = asdict(served_model.spec)
    spec["methods"] = list(spec["methods"])
    assert {name: card[name] for name in spec} == spec
    assert (card["sha256"], card["provider"]) == (served_model.sha256, "CPUExecutionProvider")
