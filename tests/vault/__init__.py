"""The vault: sealing, opening, erasing."""
