"""Every error this project raises on purpose.

TaxiError
├── UsageError              what was asked for does not make sense (fleet, month, zone, setting)
├── SourceError
│   ├── NotPublished        the source does not have the file (yet)
│   ├── SourceUnreachable   the source did not answer, or kept failing
│   └── BadFile             what the source sent is not the file that was asked for
├── DataError               the rows or columns of a landed file or table cannot be used
│   ├── SnapshotGone        an earlier version of a table was expired and cannot be read
│   └── VersionMismatch     the rows read are not those whose data version is recorded
├── Undelivered             a sink of alerts did not take one
├── LakeUnreachable         the Iceberg catalog or its warehouse did not answer
├── ServiceFailed           a program that `taxi-assets up` runs kept ending, or never answered
└── RegistryError
    ├── RegistryUnreachable the MLflow server did not answer
    ├── BundleError         a model bundle is incomplete, changed or of another version
    │   └── OutdatedBundle  it is whole, but was made by other feature code
    └── Unexplainable       a model's trees cannot say what each feature added

Each message is one sentence that names the cause and, where there is one, the remedy.
"""


class TaxiError(Exception):
    """Base of all errors a user may see."""


class UsageError(TaxiError, ValueError):
    """A fleet, month, zone or setting that makes no sense."""


class SourceError(TaxiError):
    """Something is wrong with the source of trip files."""


class NotPublished(SourceError):
    """The source answered that it does not have the file."""


class SourceUnreachable(SourceError):
    """The source did not answer, or failed until the retries were used up."""


class BadFile(SourceError):
    """The bytes received are not a usable trip file; nothing was landed."""


class DataError(TaxiError):
    """Columns or rows that the pipeline needs are missing or unusable."""


class SnapshotGone(DataError):
    """A version of a table that was asked for can no longer be read."""


class VersionMismatch(DataError):
    """Rows that were read do not hash to the data version that is recorded for them."""


class Undelivered(TaxiError):
    """A webhook or a mail server did not take an alert."""


class LakeUnreachable(TaxiError):
    """The Iceberg catalog or the warehouse behind it did not answer."""


class ServiceFailed(TaxiError):
    """A program that has to run beside others could not be kept running."""


class RegistryError(TaxiError):
    """Something is wrong with the model registry or a model in it."""


class RegistryUnreachable(RegistryError):
    """The MLflow tracking server did not answer."""


class BundleError(RegistryError):
    """A model bundle is incomplete, changed, or made for other code."""


class OutdatedBundle(BundleError):
    """A model bundle is whole, but other feature code made it."""


class Unexplainable(RegistryError):
    """A model answers, but its trees cannot say what each feature added to an answer."""
