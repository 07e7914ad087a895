"""A key is compared as the client meant it."""

import pytest
from starlette.datastructures import Headers

from service.api.auth import KeyRing
from service.errors import UnauthorizedError


@pytest.mark.parametrize("name", ["X-API-Key", "Authorization"])
def test_space_around_a_header_is_no_part_of_it(name: str) -> None:
    # RFC 9110, 5.5.
    scheme = "Bearer " if name == "Authorization" else ""
    ring = KeyRing(["first"])
    ring.check(Headers({name: f"{scheme} first\t "}))
    with pytest.raises(UnauthorizedError):
        ring.check(Headers({name: f"{scheme} fir st "}))
