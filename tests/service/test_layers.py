"""Data flows one way, and production code knows nothing of training."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "service"
STAGES = ("media", "faces", "inference", "verdict", "api")


def imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every module imported anywhere below a folder."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield path, node.module
            elif isinstance(node, ast.Import):
                yield from ((path, name.name) for name in node.names)


def test_the_service_needs_no_training_code() -> None:
    foreign = {"torch", "onnx", "model_export"}
    found = [each for each in imports(SERVICE) if each[1].partition(".")[0] in foreign]
    assert found == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_a_later_one(stage: str) -> None:
    later = STAGES[STAGES.index(stage) + 1 :]
    wiring = ("app", "cli", "server", "files")
    # Settings end at the edge: the stages before it are given plans.
    beyond = wiring if stage == "api" else (*wiring, "pipeline", "devices", "telemetry", "settings")
    names = tuple(f"service.{name}" for name in (*later, *beyond))
    found = [
        (path.name, module) for path, module in imports(SERVICE / stage) if module.startswith(names)
    ]
    assert found == []
