"""Use cases: each puts the steps of one task in order, over the ports."""
