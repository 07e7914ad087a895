"""The door: no room, no entry."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.desk import Desk
from service.api.problems import REFUSED, response_for
from service.errors import OverloadedError


class Gate:
    """ASGI middleware that refuses uploads while there is no room for even one crop.

    WHY: under a flood, refusals are most of what the HTTP process does, and a request that went
    through routing, dependencies and error handling only to be refused cost as much as the
    whole HTTP work of one that is answered.
    """

    def __init__(self, app: ASGIApp, desk: Desk, path: str) -> None:
        self._app = app
        self._desk = desk
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pipeline = self._desk.pipeline
        uploads = scope["type"] == "http" and scope["path"] == self._path
        if uploads and scope["method"] == "POST" and pipeline is not None:
            try:
                pipeline.admission.expect_room()
            except OverloadedError as error:
                scope.setdefault("state", {}).update({REFUSED: True, "code": error.code})
                await self._desk.pace.hold_back()
                await response_for(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
