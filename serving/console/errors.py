"""What a source can have against being shown, beside the project's own errors."""

from taxi_assets.domain.errors import TaxiError


class ApiAway(TaxiError):
    """The service does not answer, or what answers is not the service."""


class Refused(TaxiError):
    """The service answered that it will not do what it was asked."""


class NothingYet(TaxiError):
    """The source is well and has nothing to show so far."""
