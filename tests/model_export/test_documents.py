"""What the documents name exists: files that they link to, commands and options that they show."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from model_export.cli import main as unmask_model
from tests.benchmarks.__main__ import main as benchmarks

Main = Callable[[list[str]], int]
ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "model_export").rglob("*.md"), *(ROOT / "service").rglob("*.md")]
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
COMMAND = re.compile(r"(unmask-model|tests\.benchmarks) ([a-z-]+)([^`#\n&]*)")
OPTION = re.compile(r"(?<!\S)--[a-z0-9-]+")


def shown(program: str) -> dict[str, set[str]]:
    """Options of each command of a program, as all documents together show them."""
    options: dict[str, set[str]] = {}
    for document in DOCUMENTS:
        for found in COMMAND.finditer(document.read_text("utf-8")):
            if found[1] == program:
                options.setdefault(found[2], set()).update(OPTION.findall(found[3]))
    return options


def test_all_documents_are_looked_at() -> None:
    assert {str(document.relative_to(ROOT)) for document in DOCUMENTS} == {
        "CHANGELOG.md",
        "README.md",
        "model_export/EXPERIMENTS.md",
        "model_export/README.md",
        "service/weights/MODEL_CARD.md",
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_links_to_is_there(document: Path) -> None:
    links = LINK.findall(document.read_text("utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("program", "main", "command"),
    [
        (program, main, command)
        for program, main in (("unmask-model", unmask_model), ("tests.benchmarks", benchmarks))
        for command in sorted(shown(program))
    ],
)
def test_every_option_that_is_shown_exists(
    program: str, main: Main, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert shown(program)[command] <= set(OPTION.findall(capsys.readouterr().out))


def test_the_card_gives_the_digests_of_the_shipped_files() -> None:
    weights = ROOT / "service" / "weights"
    card = (weights / "MODEL_CARD.md").read_text("utf-8")
    given = re.findall(r"\| `(\S+)` \| `(\w{64})` \|", card)

    assert dict(given) == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in weights.glob("unmask*.onnx")
    }


def test_the_notice_names_every_licence_that_is_shipped() -> None:
    named = re.findall(r"service/weights/LICENSE\.\w+", (ROOT / "NOTICE").read_text("utf-8"))

    licences = (ROOT / "service" / "weights").glob("LICENSE.*")
    assert {*named} == {str(path.relative_to(ROOT)) for path in licences}
