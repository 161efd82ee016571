"""What a run takes, of time, memory and disk: measured of those that were, foreseen of those that come."""
