"""`streamlit run serving/console/app.py`: the console for analysts."""

import streamlit as st

from serving.console import page_models, page_quotes, page_traffic, page_trends
from serving.console.shown import keep_fleet

PAGES = {
    "Quotes": page_quotes.show,
    "Models": page_models.show,
    "Trends": page_trends.show,
    "Traffic": page_traffic.show,
}


def main() -> None:
    """Show the page that was chosen."""
    st.set_page_config(page_title="Taxi fares", layout="wide")
    keep_fleet()
    pages = [
        st.Page(show, title=title, url_path=title.lower(), default=title == "Quotes")
        for title, show in PAGES.items()
    ]
    st.navigation(pages).run()


main()
