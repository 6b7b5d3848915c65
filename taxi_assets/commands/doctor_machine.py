"""The doctor's checks of this machine: variables, Python, packages, ports."""

import difflib
import importlib.util
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from serving.console.settings import ConsoleSettings
from serving.settings import Settings as ServiceSettings
from taxi_assets.commands.doctor import Finding, Situation, failure, ok, warning
from taxi_assets.commands.ports import Port, answer, is_free
from taxi_assets.domain.secrets import without_password
from taxi_assets.settings import Settings

OURS = ("TAXI_", "SERVING_", "CONSOLE_")
THEIRS = {"DAGSTER_": "dagster", "MLFLOW_": "mlflow"}
SECRET_WORDS = ("PASSWORD", "TOKEN", "SECRET", "KEY")
PROJECT = "taxi-assets"
EXTRAS = ("orchestration", "serving", "console")


def settings_make_sense(situation: Situation) -> list[Finding]:
    """Every setting has a value that can be used."""
    return [failure(f"{fault.rstrip('.')}.") for fault in situation.faults] or [
        ok(
            f"All settings make sense; the home is {situation.settings.root};"
            f" TAXI_RETRAIN is {situation.settings.retrain}."
        )
    ]


def variables_are_known(situation: Situation) -> list[Finding]:
    """No variable looks like a setting and is none."""
    names = [name for name in situation.environment if name.startswith((*OURS, *THEIRS))]
    strange = unknown_variables(names, known_variables())
    found = [name for name in strange if not _mentioned(name)]
    return judge_variables(found, known_variables()) or [
        ok(f"All {len(names)} variables of ours, Dagster's and MLflow's are known.")
    ]


def known_variables() -> set[str]:
    """The variables that this project reads."""
    models: tuple[type[BaseSettings], ...] = (Settings, ServiceSettings, ConsoleSettings)
    return {"DAGSTER_HOME"}.union(*map(_variables, models))


def _variables(model: type[BaseSettings]) -> set[str]:
    """The variables that a class of settings reads."""
    found: set[str] = set()
    for name, about in model.model_fields.items():
        if isinstance(about.validation_alias, AliasChoices):
            found.update(str(choice) for choice in about.validation_alias.choices)
        else:
            found.add(f"{model.model_config.get('env_prefix', '')}{name}".upper())
    return {name for name in found if name.isupper()}


def unknown_variables(names: Iterable[str], known: set[str]) -> list[str]:
    """Those of the names that are none of the known ones, in order; case does not matter."""
    return sorted(name for name in names if name.upper() not in known)


def judge_variables(strange: Iterable[str], known: set[str]) -> list[Finding]:
    """What to say of variables that nobody reads."""

    def said(name: str) -> Finding:
        near = difflib.get_close_matches(name.upper(), known, 1, 0.8)
        remedy = f"did you mean {near[0]}?" if near else "unset it, or see README's settings."
        return warning(f"No setting is called {name}: {remedy}")

    return [said(name) for name in strange]


def _mentioned(name: str) -> bool:
    """Whether Dagster's or MLflow's code holds a variable's name; they keep no list of theirs."""
    package = next((p for prefix, p in THEIRS.items() if name.startswith(prefix)), None)
    found = importlib.util.find_spec(package) if package else None
    if found is None or not found.submodule_search_locations:
        return False
    roots = [Path(place) for place in found.submodule_search_locations]
    wanted = name.encode()
    return any(wanted in file.read_bytes() for root in roots for file in root.rglob("*.py"))


def python_fits(situation: Situation) -> list[Finding]:  # noqa: ARG001 - a check's interface
    """Python is of a version that this was made for."""
    wanted = metadata.metadata(PROJECT)["Requires-Python"]
    return [judge_python(platform.python_version(), wanted)]


def judge_python(version: str, wanted: str) -> Finding:
    """Whether a version of Python is among those wanted."""
    if SpecifierSet(wanted).contains(version, prereleases=True):
        return ok(f"Python {version} fits {wanted}.")
    return failure(f"Python {version} does not fit {wanted}: make .venv anew with such a Python.")


def packages_fit(situation: Situation) -> list[Finding]:  # noqa: ARG001 - a check's interface
    """Every package is there, in a version that this was made for."""
    wanted = [Requirement(text) for text in metadata.requires(PROJECT) or []]
    used = [one for one in wanted if _is_used(one)]
    return judge_packages(used, {one.name: _version(one.name) for one in used}) or [
        ok(f"All {len({one.name for one in used})} packages are of versions that fit.")
    ]


def judge_packages(
    wanted: Iterable[Requirement], installed: Mapping[str, str | None]
) -> list[Finding]:
    """What to say of packages that are missing or do not fit.

    Args:
        wanted: names and ranges.
        installed: version by name, None where there is none.
    """
    faults: dict[str, Finding] = {}
    for one in wanted:
        version = installed[one.name]
        if version is None:
            faults[one.name] = failure(f"{one.name} is not installed: run `make setup`.")
        elif not one.specifier.contains(version, prereleases=True):
            faults[one.name] = failure(
                f"{one.name} {version} does not fit {one.specifier}: run `make setup`."
            )
    return list(faults.values())


def _is_used(wanted: Requirement) -> bool:
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *EXTRAS))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def ports_are_free(situation: Situation) -> list[Finding]:
    """Every port is free, or one of ours listens there."""
    return [_look_at(port) for port in situation.ports]


def _look_at(port: Port) -> Finding:
    if is_free(port):
        return judge_port(port, True, None)
    return judge_port(port, False, answer(f"{port.url}{port.health}"))


def judge_port(port: Port, free: bool, said: str | None) -> Finding:
    """What to say of a port.

    Args:
        port: which.
        free: whether nobody listens there.
        said: what was answered to the question whether it is ours, None where nothing was.
    """
    if free:
        return ok(f"Port {port.number} is free for {port.title}.")
    if said is not None and port.mark in said:
        return ok(f"Port {port.number} is used by {port.title}, which is well.")
    return warning(
        f"Port {port.number}, which {port.title} wants, is taken by something else: stop that, or "
        f"choose another with {port.remedy}."
    )


def secrets(environment: Mapping[str, str]) -> set[str]:
    """Passwords and keys in variables of ours, Dagster's and MLflow's, as written and decoded."""
    found: set[str] = set()
    for name, value in environment.items():
        if not name.startswith((*OURS, *THEIRS)):
            continue
        if any(word in name for word in SECRET_WORDS):
            found.add(value)
        if "://" in value:
            parts = urlsplit(value)
            told = dict(parse_qsl(parts.query))
            # a password may hold an @ or / that should have been encoded
            login = value.partition("://")[2].rpartition("@")[0]
            found.update([login.partition(":")[2], told.get("password", "")])
    return {form for one in found if one for form in (one, unquote(one))}


def scrubbed(text: str, hidden: Iterable[str]) -> str:
    """Text fit for a screen or a log."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, "***")
    return without_password(text)
