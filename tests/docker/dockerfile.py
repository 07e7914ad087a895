"""A Dockerfile, read as far as the tests ask."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"


@dataclass(frozen=True)
class Stage:
    """One FROM and what follows. base: an image or the name of an earlier stage."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """Instruction words and their arguments; comments gone, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined)]


def read_stages(path: Path = DOCKERFILE) -> dict[str, Stage]:
    """All stages by name, in their order."""
    stages: list[Stage] = []
    for word, rest in instructions(path.read_text("utf-8")):
        if word == "FROM":
            base, _, name = rest.split()
            stages.append(Stage(name, base))
        else:
            stages[-1].instructions.append((word, rest))
    return {stage.name: stage for stage in stages}


class Image:
    """What a target ends up with: its own instructions and those of the stages it stands on."""

    def __init__(self, stages: dict[str, Stage], target: str) -> None:
        chain = [stages[target]]
        while chain[0].base in stages:
            chain.insert(0, stages[chain[0].base])
        self.base = chain[0].base
        self.instructions = [pair for stage in chain for pair in stage.instructions]

    def last(self, word: str) -> str:
        """The argument of the last such instruction, the one that counts."""
        return [rest for name, rest in self.instructions if name == word][-1]

    def exec_form(self, word: str) -> list[str]:
        """The words of an ENTRYPOINT or CMD; raises ValueError for the shell form."""
        return list(json.loads(self.last(word)))

    def health_command(self) -> list[str]:
        """The words that HEALTHCHECK runs."""
        return list(json.loads(self.last("HEALTHCHECK").partition("CMD")[2]))

    def environment(self) -> dict[str, str]:
        """All variables that ENV sets."""
        pairs = [shlex.split(rest) for word, rest in self.instructions if word == "ENV"]
        return dict(item.split("=", 1) for pair in pairs for item in pair)
