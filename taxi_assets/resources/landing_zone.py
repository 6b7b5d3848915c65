"""The landing as a Dagster resource."""

import dagster as dg

from taxi_assets.resources.landing import Landing


class LandingZone(dg.ConfigurableResource[Landing]):
    """Opens the `Landing` that assets and checks ask for as `dg.ResourceParam[Landing]`."""

    root: str
    s3_endpoint: str | None = None

    def create_resource(self, context: dg.InitResourceContext) -> Landing:  # noqa: ARG002 - Dagster's interface
        """The landing at `root`."""
        return Landing(self.root, s3_endpoint=self.s3_endpoint)
