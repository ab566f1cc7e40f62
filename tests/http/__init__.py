"""The HTTP interface: what every route can rely on."""
