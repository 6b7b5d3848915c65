"""Landed files that another version has replaced."""

from datetime import datetime

from taxi_assets.domain.retention import LANDED, Removal, orphans, replaced_files
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.storage import Storage


def plan_landed(
    landing: Landing, storage: Storage, fleet: str, cutoff: datetime, now: datetime
) -> list[Removal]:
    """What of a fleet's landing goes: records before the bytes they tell of.

    Args:
        landing: knows versions.
        storage: the same place, file by file.
        fleet: whose.
        cutoff: see `replaced_files`.
        now: see `orphans`; for bytes whose record is gone.
    """
    sizes = {file.name: file for file in storage.files(fleet)}
    found: list[Removal] = []
    for folder in landing.folders(fleet):
        versions, current = landing.versions(folder), landing.current(folder)
        known = {version.name for version in versions} | ({current.name} if current else set())
        going = replaced_files(
            [(version.sha256, version.landed_at) for version in versions],
            current.sha256 if current else None,
            cutoff,
        )
        for version in versions:
            if reason := going.get(version.sha256):
                record = f"{folder}/{version.sha256}.json"
                found += [
                    Removal(LANDED, name, sizes[name].bytes, reason)
                    for name in (record, version.name)
                    if name in sizes
                ]
        lost = [
            file
            for name, file in sizes.items()
            if name.rpartition("/")[0] == folder and not name.endswith(".json")
        ]
        found += [
            Removal(LANDED, file.name, file.bytes, "no record tells of it")
            for file in orphans(lost, known, now)
        ]
    return found
