"""Files that go into an export's zip as they are. They need nothing of Transfer, only each other: see `format.py`."""
