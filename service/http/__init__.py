"""The HTTP interface: who may ask, what a request may hold, and how every answer and every refusal looks."""
