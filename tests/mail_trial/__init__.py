"""Answers by mail tried against real mail servers: Postfix and Dovecot on loopback, as children of the trial."""
