"""Everything that can be wrong with a request gets its typed problem."""

import gzip
import socket
import struct
import zlib
from typing import Any

import httpx
import numpy as np
import pytest

from tests.media_files import encode
from tests.service.running import Running


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few dozen bytes that claims a size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:unmask:problem:{code}"
    assert body["title"]
    assert body["detail"]
    for secret in ("Traceback", "/", "cv2", "OpenCV", "onnx"):
        assert secret not in body["detail"]
    return body


def post(server: httpx.Client, data: bytes) -> httpx.Response:
    return server.post("/analyze", files={"file": ("upload.jpg", data, "image/jpeg")})


def test_an_empty_file(server: httpx.Client) -> None:
    problem(post(server, b""), 400, "invalid_request")
    problem(server.post("/analyze", content=b""), 400, "invalid_request")


def test_a_form_without_a_file(server: httpx.Client) -> None:
    form = {"picture": ("a.jpg", b"abc")}
    problem(server.post("/analyze", files=form), 400, "invalid_request")


def test_two_files(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    files = [("file", ("a.jpg", astronaut_jpeg)), ("file", ("b.jpg", astronaut_jpeg))]
    problem(server.post("/analyze", files=files), 400, "invalid_request")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_broken_form(server: httpx.Client, kind: str) -> None:
    response = server.post("/analyze", content=b"--y\r\nnonsense", headers={"Content-Type": kind})
    problem(response, 400, "invalid_request")


@pytest.mark.parametrize(
    "data", [b"just words", b"%PDF-1.7 no picture", b"\x00" * 100, b"<svg></svg>"]
)
def test_a_wrong_type_is_known_by_its_bytes(server: httpx.Client, data: bytes) -> None:
    problem(post(server, data), 415, "unsupported_media")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "identity, br", "x-unknown"])
@pytest.mark.parametrize("kind", ["image/jpeg", "multipart/form-data; boundary=x"])
def test_a_coded_body_is_told_from_a_wrong_type(
    server: httpx.Client, astronaut_jpeg: bytes, coding: str, kind: str
) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": kind}
    response = server.post("/analyze", content=gzip.compress(astronaut_jpeg), headers=headers)
    assert "Content-Encoding" in problem(response, 415, "unsupported_media")["detail"]
    assert response.headers["accept-encoding"] == "identity"
    assert "accept-encoding" not in post(server, b"just words").headers


def test_a_coded_body_is_refused_before_it_is_sent(running: Running) -> None:
    head = b"POST /analyze HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as link:
        link.sendall(head + b"Content-Encoding: gzip\r\n\r\n")
        assert link.recv(4096).startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize("coding", ["identity", "Identity", "", "identity, identity"])
def test_no_coding_may_be_said(server: httpx.Client, astronaut_jpeg: bytes, coding: str) -> None:
    headers = {"Content-Encoding": coding}
    response = server.post("/analyze?mask=none", content=astronaut_jpeg, headers=headers)
    assert response.status_code == 200


def test_a_truncated_picture(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    problem(post(server, astronaut_jpeg[:300]), 422, "media_corrupt")


def test_a_corrupt_picture(server: httpx.Client, astronaut: np.ndarray[Any, Any]) -> None:
    png = bytearray(encode(astronaut, ".png"))
    png[40:4000] = bytes(3960)
    problem(post(server, bytes(png)), 422, "media_corrupt")


def test_a_picture_that_claims_to_be_huge(server: httpx.Client) -> None:
    body = problem(post(server, png_header(50_000, 50_000)), 413, "media_too_large")
    assert body["limit"] == "pixels"


@pytest.mark.parametrize("query", ["mask=yes", "max_faces=0", "max_frames=-1", "max_faces=many"])
def test_a_wrong_parameter(server: httpx.Client, query: str, astronaut_jpeg: bytes) -> None:
    response = server.post(f"/analyze?{query}", files={"file": ("a.jpg", astronaut_jpeg)})
    body = response.json()
    assert (response.status_code, body["code"]) == (400, "invalid_request")
    assert query.partition("=")[0] in body["detail"]


def test_an_answer_nobody_offers(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    response = server.post(
        "/analyze", files={"file": ("a.jpg", astronaut_jpeg)}, headers={"Accept": "text/csv"}
    )
    body = response.json()
    assert (response.status_code, body["code"]) == (406, "not_acceptable")


def test_an_unknown_path_and_a_wrong_method(server: httpx.Client) -> None:
    problem(server.get("/nowhere"), 404, "not_found")
    response = server.get("/analyze")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"
    assert server.post("/livez").headers["allow"] == "GET, HEAD"


def test_the_documentation_names_the_problems(server: httpx.Client) -> None:
    operation = server.get("/openapi.json").json()["paths"]["/analyze"]["post"]
    for status in ("400", "401", "406", "413", "415", "422", "500", "503", "504"):
        assert "application/problem+json" in operation["responses"][status]["content"]
    assert "image/png" in operation["responses"]["200"]["content"]
    assert "application/json" in operation["responses"]["200"]["content"]
    bodies = operation["requestBody"]["content"]
    assert {"multipart/form-data", "image/*", "video/*"} <= set(bodies)
