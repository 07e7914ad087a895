"""Optional packages that an install lacks, said in one line instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

MODULES = {
    "export": frozenset(("av", "matplotlib", "onnx", "onnxruntime", "scipy", "torch", "tqdm")),
    "dev": frozenset(("httpx", "skimage", "sklearn")),
}
"""What each extra of pyproject.toml brings, by the names it is imported under."""


@contextmanager
def extras_needed(program: str, *extras: str) -> Iterator[None]:
    """End the process with status 2 where a module of these extras is not installed.

    Any other module that is not found, ours or a part of an installed package, goes on raising:
    no install would mend that.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if not any(error.name in MODULES[extra] for extra in extras):
            raise
        wanted = ",".join(("cpu", *extras))
        print(
            f"{program}: {error.name} is not installed: pip install '.[{wanted}]'", file=sys.stderr
        )
        raise SystemExit(2) from error
