"""Files that a cut run must not leave half written."""

from pathlib import Path

import pytest

from model_export.data.files import aside, write_whole


def test_a_text_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_whole(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "second\udc80")
    assert path.read_text() == "first"
    write_whole(path, "third")
    assert path.read_text() == "third"
    assert [*tmp_path.iterdir()] == [path]


def test_a_name_may_be_as_long_as_names_are(tmp_path: Path) -> None:
    write_whole(tmp_path / ("ü" * 120 + ".json"), "text")
    assert len([*tmp_path.iterdir()]) == 1


def test_two_who_write_one_file_do_not_meet_and_what_is_given_up_leaves_nothing(
    tmp_path: Path,
) -> None:
    path, any_file = tmp_path / "a" / "of.both", tmp_path / "any"
    any_file.touch()
    path.parent.mkdir()
    with aside(path) as one, aside(path) as other:
        assert one.name.startswith(".of.both.")
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"
    assert path.stat().st_mode == any_file.stat().st_mode

    def give_up() -> None:
        with aside(path) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert [*path.parent.iterdir()] == [path]
    assert path.read_text() == "one"
