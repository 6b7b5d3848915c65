"""The doctor's check of storage: a small file goes there and back."""

import shutil
import tempfile
from pathlib import Path
from uuid import uuid4

from taxi_assets.commands.doctor import Finding, Situation, failure, ok, warning
from taxi_assets.resources.storage import Storage, open_storage

LOW_GB, EMPTY_GB = 5.0, 0.5  # a year of yellow trips takes 10
GB = 1e9


def storage_works(situation: Situation) -> list[Finding]:
    """The home, the lake and the reports can be written and read, and there is room."""
    settings = situation.settings
    places = {
        "TAXI_HOME": str(settings.root),
        "TAXI_LAKE": settings.lake_uri,
        "TAXI_REPORTS": settings.reports_uri,
    }
    return [
        finding
        for variable, place in places.items()
        for finding in _try_place(variable, place, settings.s3_endpoint)
    ]


def _try_place(variable: str, place: str, s3_endpoint: str | None) -> list[Finding]:
    """Write a small file, read it back and remove it; folders are not made for it."""
    content = uuid4().bytes
    try:
        if "://" in place:
            held = _through_bucket(place, s3_endpoint, content)
            return [_judge_held(variable, place, held == content)]
        folder = nearest_existing(Path(place))
        if not folder.is_dir():
            return [
                failure(f"{folder} is a file where {variable} needs a folder: move it or set that.")
            ]
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(content)
            file.seek(0)
            held = file.read()
        free_gb = shutil.disk_usage(folder).free / GB
    except Exception as error:  # each library of a store has errors of its own
        cause = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        return [failure(f"{place} cannot be written ({cause}): correct {variable} or its rights.")]
    return [_judge_held(variable, place, held == content), *judge_room(place, variable, free_gb)]


def _judge_held(variable: str, place: str, same: bool) -> Finding:
    if same:
        return ok(f"{place} can be written and read.")
    return failure(f"{place} gives back other bytes than were written: set {variable} elsewhere.")


def _through_bucket(place: str, s3_endpoint: str | None, content: bytes) -> bytes | None:
    name = f".doctor-{uuid4().hex}"
    storage = open_storage(place, s3_endpoint)
    storage.write(name, content)
    try:
        return storage.read(name)
    finally:
        _remove(storage, f"{place.partition('://')[2]}/{name}", place, s3_endpoint)


def _remove(storage: Storage, key: str, place: str, s3_endpoint: str | None) -> None:
    """Remove an object, and nothing else.

    Arrow would leave an empty object for the folder of what it removes from S3.
    """
    if not place.startswith("s3://"):
        storage.filesystem.delete_file(key)
        return
    import boto3

    bucket, _, name = key.partition("/")
    boto3.client("s3", endpoint_url=s3_endpoint).delete_object(Bucket=bucket, Key=name)


def nearest_existing(place: Path) -> Path:
    """The place, or what of the way to it is there."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def judge_room(place: str, variable: str, free_gb: float) -> list[Finding]:
    """What to say of the room that is left; nothing where it is enough."""
    if free_gb >= LOW_GB:
        return []
    say = failure if free_gb < EMPTY_GB else warning
    return [say(f"Only {free_gb:.1f} GB are free at {place}: make room, or set {variable}.")]
