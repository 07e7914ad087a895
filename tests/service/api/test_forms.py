"""Uploads that generated clients send: files without a name, bodies in pieces."""

import asyncio
import encodings
import hashlib
import io
import tempfile

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.types import Message

from service.api.upload import read_upload
from service.errors import InvalidRequestError
from service.media.upload import Upload
from tests.media_files import encode

Pixels = NDArray[np.uint8]


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data; name=file",
        'form-data; name="file"',
        "form-data; name=file; filename*=UTF-8''a",
        'form-data; name=file; note="filename="',
        "form-data; name=file; filename=",
    ],
)
@pytest.mark.parametrize("quality", [40, 95])
def test_a_file_in_a_form_needs_no_name(
    server: httpx.Client, astronaut: Pixels, disposition: str, quality: int
) -> None:
    picture = encode(astronaut, quality=quality)
    head = f"--B\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    other = b"--B\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n"
    response = server.post(
        "/analyze",
        params={"mask": "none"},
        content=other + head + picture + b"\r\n--B--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert response.status_code == 200
    assert response.json()["media"]["sha256"] == hashlib.sha256(picture).hexdigest()


def test_the_upload_may_come_in_pieces(server: httpx.Client, astronaut_jpeg: bytes) -> None:
    stream = io.BytesIO(astronaut_jpeg)
    pieces = iter(lambda: stream.read(1000), b"")
    response = server.post("/analyze", content=pieces, params={"mask": "none"})
    assert response.status_code == 200


NOTE = b'--B\r\nContent-Disposition: form-data; name="note"%b\r\n\r\n%b\r\n'


@pytest.mark.parametrize(
    ("notes", "status"),
    [
        ([(b"", 65_536)] * 8, 200),
        ([(b"", 65_537)], 400),
        ([(b"", 1)] * 9, 400),
        ([(b'; filename="blob"', 1)], 400),
        ([(b'; filename=""', 0)], 400),
    ],
)
def test_what_may_be_beside_the_file_is_told(
    server: httpx.Client, astronaut_jpeg: bytes, notes: list[tuple[bytes, int]], status: int
) -> None:
    """Browsers give a Blob a file name."""
    beside = b"".join(NOTE % (name, bytes(length)) for name, length in notes)
    kind = {"Content-Type": "multipart/form-data; boundary=B"}
    body = beside + BODY % astronaut_jpeg
    response = server.post("/analyze?mask=none", content=body, headers=kind)
    assert response.status_code == status
    told = server.get("/openapi.json").json()["paths"]["/analyze"]["post"]["requestBody"]
    assert "8 others of up to 64 KiB, without a file name" in told["description"]


BODY = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n--B--\r\n'


@pytest.mark.parametrize("charset", ["undefined", "punycode", "no-such", "utf-16"])
def test_a_form_knows_no_charset(server: httpx.Client, astronaut_jpeg: bytes, charset: str) -> None:
    kind = {"Content-Type": f"multipart/form-data; charset={charset}; boundary=B"}
    assert server.post("/analyze", content=BODY % astronaut_jpeg, headers=kind).status_code == 200


async def read(content_type: str, file: bytes = b"picture") -> Upload:
    async def receive() -> Message:
        return {"type": "http.request", "body": BODY % file}

    headers = [(b"content-type", content_type.encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    return await read_upload(request, 2 * len(file), lambda _: None)


def test_the_name_of_a_charset_is_not_kept_for_ever() -> None:
    """Python's cache of encodings holds every name that was ever looked up."""
    known = set(encodings._cache)
    upload = asyncio.run(read("multipart/form-data; boundary=B; charset=nobody-knows-this-one"))
    assert upload.data == b"picture"
    assert {name for name in set(encodings._cache) - known if "nobody" in name} == set()


@pytest.mark.parametrize("boundary", ["", "; boundary=", '; boundary="a\\"b"', "; boundary=a\\b"])
def test_without_a_boundary_that_can_be_meant_it_is_no_form(boundary: str) -> None:
    with pytest.raises(InvalidRequestError, match="boundary"):
        asyncio.run(read("multipart/form-data" + boundary))


def test_no_picture_meets_a_disk_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser keeps files in memory up to a size, and writes larger ones to a disk."""

    def written(_: object) -> None:
        raise AssertionError("written to a disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", written)
    large = bytes(8 * 2**20)
    assert asyncio.run(read("multipart/form-data; boundary=B", large)).data == large
