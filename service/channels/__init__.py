"""How a message leaves the house: e-mail by SMTP today, each channel behind its own small module."""
