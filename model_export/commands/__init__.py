"""The subcommands of `unmask-model`, one file each."""
