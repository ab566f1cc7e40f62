"""Laws of the domain, searched for counter-examples by Hypothesis."""
