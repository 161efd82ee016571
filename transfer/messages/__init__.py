"""What the programs of Transfer say to each other: events of a run, requests to it, questions to a server."""
