"""What a trial says at its end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, whether it held, and the figures that show it."""

    claim: str
    held: bool
    figures: str

    def line(self) -> str:
        """PASS or FAIL, the claim, the figures."""
        return f"{'PASS' if self.held else 'FAIL'}  {self.claim}: {self.figures}"
