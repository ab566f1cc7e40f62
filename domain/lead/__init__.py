"""The lead aggregate: what is done to one person in one campaign. Read ``events``, ``state``, then ``decide``.

A lead's facts stand in two streams. Facts about many leads at once (imported, enrolled, skipped …) stand in the
campaign's *roster*, up to a thousand leads an event, so that a million leads cost a thousand events. What happens to
one lead once sending starts stands in the lead's own stream.
"""
