"""Networks: a backbone (`applications`, `efficientnet_lite`, `custom`) with a head on it (`classifier`), untrained."""
