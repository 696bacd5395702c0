"""The HTTP API: requests in, percentages out."""
