"""Files that a cut run must not leave half written."""

from pathlib import Path

import pytest

from model_export.data.files import write_whole


def test_a_text_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_whole(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "second\udc80")
    assert path.read_text() == "first"
    write_whole(path, "third")
    assert path.read_text() == "third"
    assert [*tmp_path.iterdir()] == [path]
