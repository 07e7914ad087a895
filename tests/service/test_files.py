"""Files on disk for the command line."""

from pathlib import Path

from service.files import distinct_names


def test_pictures_of_files_with_the_same_name_do_not_replace_one_another() -> None:
    paths = [Path("a/x.jpg"), Path("b/x.jpg"), Path("c/y.jpg"), Path("d/x.jpg")]
    assert distinct_names(paths) == ["x.jpg", "x.jpg-2", "y.jpg", "x.jpg-3"]


def test_a_number_that_is_taken_is_not_given_again() -> None:
    paths = [Path("x.jpg"), Path("x.jpg-2"), Path("b/x.jpg")]
    assert len(set(distinct_names(paths))) == 3
