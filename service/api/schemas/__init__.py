"""The JSON of the API, version 1."""
