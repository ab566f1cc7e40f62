"""The leads of a campaign: imported, read, edited and removed while it is a draft, and their history for ever."""
