"""The page for people: HTML, CSS and ES modules as they are sent, no build step."""

from importlib.resources import files
from pathlib import Path


def folder() -> Path:
    """Where the page's files are; `index.html` is its start."""
    return Path(str(files(__name__)))
