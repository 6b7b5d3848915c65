"""The outside world: the source of files, the lake, the model registry."""
