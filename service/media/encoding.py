"""Values as JSON and raw bytes: what a worker answers is data, and can do nothing."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

# Numbers and flags only: an array of objects would be one of pointers.
_DTYPE = re.compile(r"[<|][biuf][1248]")
_MOST_SIDES, _LARGEST_SIDE = 8, 2**31
_LARGEST_INTEGER = 2**63


class MalformedError(Exception):
    """The bytes are no value that was encoded here."""


def encode(value: object) -> tuple[bytes, list[memoryview]]:
    """JSON, and the raw bytes of arrays and byte strings in the order in which it names them.

    value: None, flags, numbers, text, bytes, arrays of numbers, and lists, tuples, dicts with
    text keys and dataclasses of these. Arrays are not copied where they are contiguous.
    Raises TypeError for anything else.
    """
    pieces: list[memoryview] = []
    plain = _plain(value, pieces)
    return json.dumps(plain, separators=(",", ":")).encode(), pieces


def _plain(value: Any, pieces: list[memoryview]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_plain(item, pieces) for item in value]
    tag, held = _tagged(value, pieces)
    return {tag: held}


def _tagged(value: Any, pieces: list[memoryview]) -> tuple[str, Any]:
    held: Any
    if isinstance(value, tuple):
        tag, held = "tuple", [_plain(item, pieces) for item in value]
    elif isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of a dict must be text")
        tag, held = "dict", {key: _plain(item, pieces) for key, item in value.items()}
    elif isinstance(value, bytes):
        tag, held = "bytes", len(value)
        pieces.append(memoryview(value))
    elif isinstance(value, np.ndarray):
        whole = np.ascontiguousarray(value)
        if not _DTYPE.fullmatch(whole.dtype.str):
            raise TypeError(f"an array of {whole.dtype} cannot be sent")
        tag, held = "array", [whole.dtype.str, list(value.shape)]
        pieces.append(whole.reshape(-1).view(np.uint8).data)
    elif is_dataclass(value) and not isinstance(value, type):
        tag = type(value).__name__
        held = [_plain(getattr(value, field.name), pieces) for field in fields(value)]
    else:
        raise TypeError(f"a {type(value).__name__} cannot be sent")
    return tag, held


def decode(text: bytes, body: memoryview, kinds: Iterable[type] = ()) -> Any:
    """The value that `encode` was given.

    body: the raw bytes, one after the other; arrays of bytes share its memory.
    kinds: the dataclasses that may be named; what their fields hold is of the annotated types,
        numbers are finite.
    Raises MalformedError when the bytes are anything else.
    """
    reader = _Reader(body, {kind.__name__: kind for kind in kinds})
    try:
        value = reader.value(json.loads(text))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError) as error:
        raise MalformedError from error
    if reader.at != len(body):
        raise MalformedError
    return value


class _Reader:
    def __init__(self, body: memoryview, kinds: dict[str, type]) -> None:
        self.at = 0
        self._body = body
        self._kinds = kinds

    def value(self, plain: Any) -> Any:
        if isinstance(plain, list):
            return [self.value(item) for item in plain]
        if isinstance(plain, dict):
            ((tag, held),) = plain.items()
            return self._tagged(tag, held)
        return plain

    def _tagged(self, tag: str, held: Any) -> Any:
        if tag == "dict" and isinstance(held, dict):
            return {key: self.value(item) for key, item in held.items()}
        if tag == "bytes":
            return bytes(self._take(held))
        # An array in the place of a list would be spread into millions of objects.
        if not isinstance(held, list):
            raise MalformedError
        if tag == "array":
            return self._array(*held)
        items = self.value(held)
        return tuple(items) if tag == "tuple" else _made(self._kinds[tag], items)

    def _array(self, name: str, shape: list[int]) -> np.ndarray[Any, np.dtype[Any]]:
        if not _DTYPE.fullmatch(name) or len(shape) > _MOST_SIDES:
            raise MalformedError
        if not all(type(side) is int and 0 <= side < _LARGEST_SIDE for side in shape):
            raise MalformedError
        kind = np.dtype(name)
        raw = np.frombuffer(self._take(math.prod(shape) * kind.itemsize), np.uint8)
        # A piece may begin anywhere: larger numbers are copied to where they are aligned.
        return (raw if kind.itemsize == 1 else raw.copy()).view(kind).reshape(shape)

    def _take(self, size: int) -> memoryview:
        if type(size) is not int or not 0 <= size <= len(self._body) - self.at:
            raise MalformedError
        self.at += size
        return self._body[self.at - size : self.at]


def _made(kind: type, items: list[Any]) -> Any:
    hints = _hints(kind)
    if len(items) != len(hints) or not all(map(_fits, items, hints)):
        raise MalformedError
    return kind(*items)


@cache
def _hints(kind: type) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    return tuple(hints[field.name] for field in fields(kind))


@cache
def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    origin = get_origin(hint)
    # NumPy 2.5's NDArray is an alias by itself: what an array is made of, it says one step further.
    alias = getattr(origin, "__value__", None)
    return origin if alias is None else get_origin(alias), get_args(hint)


def _fits(value: Any, hint: Any) -> bool:
    origin, parts = _parts(hint)
    if origin in (Union, UnionType):
        fits = any(_fits(value, part) for part in parts)
    elif origin is Literal:
        fits = isinstance(value, str) and value in parts
    elif origin is tuple:
        fits = isinstance(value, tuple) and (
            all(_fits(item, parts[0]) for item in value)
            if parts[-1] is Ellipsis
            else len(value) == len(parts) and all(map(_fits, value, parts))
        )
    elif hint is float:
        fits = type(value) in (int, float) and math.isfinite(value)
    elif hint is int:
        fits = type(value) is int and abs(value) < _LARGEST_INTEGER
    elif hint in (None, NoneType):
        fits = value is None
    else:
        fits = type(value) is (origin or hint)
    return fits
