"""How an exam's places were given away: what auditors ask, counted in the background."""
