"""API keys."""

import hmac
from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers

from service.errors import UnauthorizedError

SECURITY_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer KEY` with a key of the service.",
    },
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "`X-API-Key: KEY` with a key of the service.",
    },
}
"""The ways to present a key, as OpenAPI describes them; either will do."""


class KeyRing:
    """The keys that open the service; an empty ring leaves it open to all."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    @property
    def requirements(self) -> list[dict[str, list[str]]]:
        """OpenAPI security requirements, any of which will do; with an empty ring, none as well."""
        presented: list[dict[str, list[str]]] = [{name: []} for name in SECURITY_SCHEMES]
        return presented if self._keys else [*presented, {}]

    def check(self, headers: Headers) -> None:
        """Raise UnauthorizedError unless the headers carry a key of the ring.

        Read are `Authorization: Bearer KEY` and `X-API-Key: KEY`.
        """
        if not self._keys:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        given = (bearer.encode(), headers.get("x-api-key", "").strip().encode())
        # Every key is compared in constant time, so that neither place nor prefix leaks.
        matches = [hmac.compare_digest(one, key) for one in given for key in self._keys]
        if not any(matches):
            raise UnauthorizedError("Present a key as a bearer token or in X-API-Key.")
