"""What the programs of Transfer say to each other: events of a run, requests to it, questions to a server."""

# Whoever reads events knows all of them.
from transfer.messages import endings, events, measurements

__all__ = ["endings", "events", "measurements"]
