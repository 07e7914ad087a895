"""Damaged JSON is told with the file's name and the place."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from model_export.data.json_files import checked, read_json, read_object, read_objects


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": [1]}')
    assert read_json(path) == read_object(path) == {"a": [1]}
    path.write_bytes(b'{"a": 1}\n{"b": 2}\n')
    assert read_objects(path) == [{"a": 1}, {"b": 2}]
    assert checked(TypeAdapter(list[dict[str, int]]), [{"a": 1}], path) == [{"a": 1}]


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": \xff}'])
@pytest.mark.parametrize("read", [read_json, read_object])
def test_what_is_not_json_is_named(
    read: Callable[[Path], object], content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json is not JSON: "):
        read(path)


def test_what_is_no_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[1]")
    with pytest.raises(ValueError, match=r"a\.json holds no JSON object"):
        read_object(path)


@pytest.mark.parametrize(
    ("line", "reason"), [(b"{", "line 2, is not JSON"), (b"1", "line 2, holds no JSON object")]
)
def test_a_line_is_named_by_its_number(line: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line)
    with pytest.raises(ValueError, match=rf"a\.jsonl, {reason}"):
        read_objects(path)


def test_a_value_of_another_kind_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.json is wrong at 1\.a: "):
        checked(TypeAdapter(list[dict[str, int]]), [{"a": 1}, {"a": "b"}], tmp_path / "a.json")
