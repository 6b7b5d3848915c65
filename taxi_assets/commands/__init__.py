"""What the `taxi-assets` command does, one file a subcommand; `cli.py` only reads the arguments."""
