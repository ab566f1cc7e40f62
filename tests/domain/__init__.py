"""Examples of the domain, given and expected: no database, no clock."""
