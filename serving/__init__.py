"""The prediction service: reads the materialized champion and answers."""
