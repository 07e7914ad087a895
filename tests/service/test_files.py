"""Files on disk for the command line."""

from pathlib import Path

import pytest

from service.errors import InvalidRequestError, MediaTooLargeError
from service.files import distinct_names, read_file


def test_pictures_of_files_with_the_same_name_do_not_replace_one_another() -> None:
    paths = [Path("a/x.jpg"), Path("b/x.jpg"), Path("c/y.jpg"), Path("d/x.jpg")]
    assert distinct_names(paths) == ["x.jpg", "x.jpg-2", "y.jpg", "x.jpg-3"]


def test_a_number_that_is_taken_is_not_given_again() -> None:
    paths = [Path("x.jpg"), Path("x.jpg-2"), Path("b/x.jpg")]
    assert len(set(distinct_names(paths))) == 3


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(100))
    assert read_file(tmp_path / "file", 100).data == bytes(100)
    assert read_file(tmp_path / "file", 2**63).data == bytes(100)
    with pytest.raises(MediaTooLargeError):
        read_file(tmp_path / "file", 99)


def test_what_states_no_size_ends_at_the_limit() -> None:
    with pytest.raises(MediaTooLargeError):
        read_file(Path("/dev/zero"), 1000)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        read_file(tmp_path, 100)
