"""Uploads that generated clients send: files without a name, bodies in pieces."""

import hashlib
import io

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

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
