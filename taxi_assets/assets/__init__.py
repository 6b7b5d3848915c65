"""The asset graph, in the order data flows: raw, tables, features, model."""
