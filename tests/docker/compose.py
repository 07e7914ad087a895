"""docker-compose.yml, read without Docker."""

import re
from typing import Any

import yaml

from tests.docker.dockerfile import ROOT

COMPOSE_FILE = ROOT / "docker-compose.yml"

# ${NAME:-default}, the only form of variable the file uses.
_VARIABLE = re.compile(r"\$\{[A-Z_]+:-([^}]*)\}")


def read_yaml(path: str) -> Any:
    """A YAML file of the repository; anchors and merges resolved."""
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def read_compose() -> dict[str, Any]:
    """The compose file as it is where no variable is set."""
    text = _VARIABLE.sub(r"\1", COMPOSE_FILE.read_text("utf-8"))
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def services(profile: str) -> dict[str, dict[str, Any]]:
    """The services that a profile starts, by name."""
    return {
        name: service
        for name, service in read_compose()["services"].items()
        if profile in service["profiles"]
    }
