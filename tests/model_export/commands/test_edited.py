"""What is asked for by --edited reaches the forge, whichever command makes the pairs."""

from pathlib import Path
from typing import Any

import pytest

from model_export.cli import main
from model_export.data.forge import Forge

MAKERS = {
    "train": ["--pictures", "2", "--batch", "2", "--workers", "0", "--validation-pairs", "1"],
    "store-pairs": ["-n", "1"],
    "evaluate": ["--kind", "synthetic", "--pairs", "1"],
    "fit-methods": ["--pairs", "1", "--workers", "0"],
}


class Seen(Exception):  # noqa: N818 - no error: what a forge was asked for
    """Ends a command once it asks for a forge."""


@pytest.mark.parametrize("command", [*MAKERS])
def test_as_large_a_share_is_edited_as_a_command_is_told(
    command: str, people: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Forge.__init__

    def see(forge: Forge, *given: Any, **named: Any) -> None:
        made(forge, *given, **named)
        raise Seen(forge.edited)

    monkeypatch.setattr(Forge, "__init__", see)
    first = [str(checkpoint)] if command in {"evaluate", "fit-methods"} else []
    words = [command, *first, str(people), "-o", str(tmp_path / "out"), *MAKERS[command]]
    for share in ("0", "0.25"):
        with pytest.raises(Seen) as seen:
            main([*words, "--edited", share])
        assert seen.value.args == (float(share),)
