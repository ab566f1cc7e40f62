"""The long forms: what ``make test`` samples, searched for as long as there is time."""
