"""New York's taxi trip files as a Dagster asset graph, ending in a fare model people can trust."""
