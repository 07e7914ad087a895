"""How commands show their help."""

import argparse


class HelpWithDefaults(argparse.HelpFormatter):
    """Adds to each help text the default, where there is one and the text does not name it.

    argparse's own ArgumentDefaultsHelpFormatter also shows None, False and empty lists.
    """

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        default = action.default
        # By identity: 0 is a default worth showing, and equals False.
        silent = any(default is nothing for nothing in (None, False, argparse.SUPPRESS))
        if silent or default == [] or "default:" in text:
            return text
        return f"{text} (default: %(default)s)"
