"""What a complaint and a line of the log have in common."""

import uuid
from typing import Any

REQUEST_ID_HEADER = b"x-request-id"
_KEY = "request_id"


def request_id(state: dict[str, Any]) -> str:
    """The id of the request whose state it is, 32 hexadecimal digits: made when first asked for.

    None that a client sends is taken: it would be in the log, and need not be one request's alone.
    """
    if _KEY not in state:
        state[_KEY] = uuid.uuid4().hex
    return str(state[_KEY])
