"""JSON that commands read back: what is damaged is told with the file's name and the place."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

_Content = TypeVar("_Content")


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises ValueError where it is none, OSError."""
    return _parsed(path.read_bytes(), str(path))


def read_object(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object. Raises ValueError, OSError."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object")
    return content


def read_objects(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that holds one on each line. Raises ValueError, OSError."""
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        row = _parsed(line, f"{path}, line {number},")
        if not isinstance(row, dict):
            raise ValueError(f"{path}, line {number}, holds no JSON object")
        rows.append(row)
    return rows


def checked(adapter: TypeAdapter[_Content], content: object, path: Path) -> _Content:
    """A file's content in the form that it must have. Raises ValueError where it has another."""
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "its top"
        raise ValueError(f"{path} is wrong at {place}: {first['msg']}") from error


def _parsed(text: bytes, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{place} is not JSON: {error}") from error
