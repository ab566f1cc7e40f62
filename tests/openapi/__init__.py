"""The API checked by machine against its own OpenAPI document."""
