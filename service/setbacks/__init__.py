"""A database that was set back to an earlier state of itself: found out, told to everybody, accepted."""
