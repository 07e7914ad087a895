"""Accept headers, as RFC 9110 reads them."""

import pytest

from service.api.negotiation import negotiate
from service.errors import NotAcceptableError


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("image/png", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("image/*", "image/png"),
        ("image/*, */*;q=0.1", "image/png"),
        ("image/png, application/json;q=0.5", "image/png"),
        ("image/png;q=0.4, application/json;q=0.5", "application/json"),
        ("*/*, application/json;q=0", "image/png"),
        ("text/html, */*;q=0.1", "application/json"),
        (",", "application/json"),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json"),  # Java's own
        ("image/png;q=0.8888, */*;q=1.0000", "application/json"),
        (" ,, image/png,", "image/png"),
        ("image/png;q=1.5, image/webp;q=inf, */*;q=0.001", "application/json"),
    ],
)
def test_the_preferred_of_two_is_chosen(accept: str | None, chosen: str) -> None:
    assert negotiate(accept) == chosen


@pytest.mark.parametrize(
    "accept", ["text/csv", "image/jpeg", "image/png;q=0", "*/*;q=0", "image/png;q=x"]
)
def test_what_allows_neither_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        negotiate(accept)
