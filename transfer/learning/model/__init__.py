"""Networks: a backbone (`applications`, `pocket`, `custom`) with a head on it (`classifier`). Nothing here trains."""
