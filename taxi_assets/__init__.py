"""New York's taxi trip files as a Dagster asset graph that ends in a fare model people can trust."""
