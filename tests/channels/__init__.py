"""The e-mail channel, against real servers on loopback."""
