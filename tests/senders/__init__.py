"""Tests of the sender accounts at a LinkedIn provider."""
