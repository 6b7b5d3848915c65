"""Evidently's regression report: the same errors as another tool sees them."""

import warnings

import pandas as pd


def regression_page(sample: pd.DataFrame) -> str:
    """A whole page.

    Args:
        sample: (n, 2) `fare_usd` and `quoted_usd`, US dollars.
    """
    with warnings.catch_warnings():
        # its imports use what numpy and Python deprecate, and it asks for the R^2 of bins that
        # hold a single trip
        warnings.simplefilter("ignore")
        from evidently import DataDefinition, Dataset, Regression, Report  # ten seconds to import
        from evidently.presets import RegressionPreset

        definition = DataDefinition(
            regression=[Regression(target="fare_usd", prediction="quoted_usd")],
            numerical_columns=list(sample.columns),
        )
        found = Report([RegressionPreset()]).run(Dataset.from_pandas(sample, definition), None)
        return str(found.get_html_str(as_iframe=False))
