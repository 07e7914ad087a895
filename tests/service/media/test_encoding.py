"""What comes out is what went in, or nothing."""

import json
import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import numpy as np
import pytest
from typing_extensions import TypeAliasType

from service.media.encoding import MalformedError, decode, encode


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner
    picture: np.ndarray = field(compare=False)


Scalar = TypeVar("Scalar", bound=np.generic)
Pixels = TypeAliasType("Pixels", np.ndarray[Any, np.dtype[Scalar]], type_params=(Scalar,))


@dataclass(frozen=True, slots=True)
class Aliased:
    """Its hint is an alias by itself, as NumPy's own are from 2.5 on."""

    picture: Pixels[np.uint8]


def through(value: object, *kinds: type) -> object:
    text, pieces = encode(value)
    return decode(text, memoryview(bytearray(b"".join(pieces))), kinds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        0.1 + 0.2,
        "word \N{SNOWMAN}",
        b"\x00\xff",
        [1, [2, (3, "four")], {}],
        (),
        {"a": {"tuple": [1]}, "b": (b"x", None)},
        Inner("n", (1.5, -2.0)),
    ],
)
def test_plain_values_come_out_as_they_went_in(value: object) -> None:
    found = through(value, Inner)
    assert found == value
    assert type(found) is type(value)


def test_a_hint_may_be_an_alias() -> None:
    found = through(Aliased(np.eye(3, dtype=np.uint8)), Aliased)
    assert isinstance(found, Aliased)
    assert np.array_equal(found.picture, np.eye(3))
    with pytest.raises(MalformedError):
        through(Aliased("no picture"), Aliased)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "f8", "?"])
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3, 4)])
def test_arrays_keep_their_kind_and_shape(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    found = through(["odd", b"1", array])
    assert isinstance(found, list)
    assert found[2].dtype == array.dtype
    assert found[2].shape == array.shape
    assert found[2].flags.aligned
    assert np.array_equal(found[2], array)


def test_pictures_are_not_copied() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    text, pieces = encode(Outer(Inner("x"), picture))
    assert np.shares_memory(np.frombuffer(pieces[0], np.uint8), picture)
    body = bytearray(pieces[0])
    found = decode(text, memoryview(body), (Inner, Outer))
    found.picture[0, 0] = 9
    assert body[0] == 9


def test_what_is_no_data_cannot_be_sent() -> None:
    for value in (object(), Inner, len, {1: 2}, np.array([None]), np.array(["a"])):
        with pytest.raises(TypeError):
            encode(value)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (b"", b""),
        (b"\xff", b""),
        (b"[1", b""),
        (b'{"Popen":[["true"]]}', b""),
        (b'{"Inner":[1,2,3,4]}', b""),
        (b'{"Inner":[]}', b""),
        (b'{"tuple":1}', b""),
        (b'{"dict":[1]}', b""),
        (b'{"tuple":{"array":["|u1",[3]]}}', b"abc"),
        (b'{"tuple":"abc"}', b""),
        (b'{"Inner":{"bytes":2}}', b"ab"),
        (b'{"Inner":["n"]}', b""),
        (b'{"Inner":[1,{"tuple":[0.0,0.0]}]}', b""),
        (b'{"Inner":["n",{"tuple":[0.0]}]}', b""),
        (b'{"Inner":["n",[0.0,0.0]]}', b""),
        (b'{"Inner":["n",{"tuple":[0.0,NaN]}]}', b""),
        (b'{"Inner":["n",{"tuple":[0.0,1e999]}]}', b""),
        (b'{"Inner":["n",{"tuple":[0.0,true]}]}', b""),
        (b'{"array":["|u1",[' + b"1," * 8 + b"1]]}", b"a"),
        (b'{"a":1,"b":2}', b""),
        (b"{}", b""),
        (b'{"bytes":4}', b"abc"),
        (b'{"bytes":-1}', b"abc"),
        (b'{"bytes":true}', b"a"),
        (b'{"bytes":1}', b"abc"),
        (b'{"array":["|O",[1]]}', bytes(8)),
        (b'{"array":["<f8",[1099511627776]]}', bytes(8)),
        (b'{"array":["<f8",[-1,-1]]}', bytes(8)),
        (b'{"array":["<f8",["1"]]}', bytes(8)),
        (b'{"array":["<f3",[1]]}', bytes(8)),
        (b"[" * 100_000, b""),
        (b"1" * 100_000, b""),
    ],
)
def test_anything_else_is_malformed(text: bytes, body: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(text, memoryview(body), (Inner,))


@dataclass(frozen=True, slots=True)
class Many:
    kind: Literal["a", "b"]
    name: str | None
    count: int
    share: float
    parts: tuple[Inner, ...]
    flag: bool


GOOD = Many("a", None, 3, 1, (Inner("x"), Inner("y")), True)


def test_fields_hold_what_they_are_annotated_with() -> None:
    assert through(GOOD, Inner, Many) == GOOD
    assert through(replace(GOOD, name="n", parts=()), Inner, Many) is not None
    lies: list[dict[str, object]] = [
        {"kind": "c"},
        {"kind": ["a"]},
        {"name": 1},
        {"count": 3.0},
        {"count": True},
        {"count": 2**63},
        {"share": "1"},
        {"parts": (Inner("x"), "y")},
        {"parts": [Inner("x")]},
        {"flag": 1},
    ]
    for lie in lies:
        with pytest.raises(MalformedError):
            through(replace(GOOD, **lie), Inner, Many)  # type: ignore[arg-type]


def test_many_sides_are_refused_before_they_are_multiplied() -> None:
    sides = ",".join(["9"] * 100_000).encode()
    begun = time.process_time()
    with pytest.raises(MalformedError):
        decode(b'{"array":["|u1",[' + sides + b"]]}", memoryview(b"a"))
    assert time.process_time() - begun < 0.5


def test_text_cannot_smuggle_a_class_through_a_dict() -> None:
    assert through({"Inner": ["x"]}, Inner) == {"Inner": ["x"]}
    assert json.loads(encode({"Inner": ["x"]})[0]) == {"dict": {"Inner": ["x"]}}


def test_what_numpy_counts_and_measures_arrives_as_plain_numbers() -> None:
    found = through([np.float32(0.5), np.int64(3), np.bool_(True)])
    assert isinstance(found, list)
    assert found == [0.5, 3, True]
    assert [*map(type, found)] == [float, int, bool]


def test_integers_of_64_bits_fit() -> None:
    for count in (2**63 - 1, -(2**63) + 1):
        assert through(replace(GOOD, count=count), Inner, Many) == replace(GOOD, count=count)
