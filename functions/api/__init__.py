"""The HTTP API: requests in, mortality out."""
