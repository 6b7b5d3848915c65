"""Texts fit for logs: what people may read must not hold a password."""

import re


def without_password(text: str) -> str:
    """The text, in which URIs have lost user and password."""
    return re.sub(r"//[^/@\s]*@", "//", text)
