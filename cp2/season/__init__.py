"""A season of made-up people, in progress today, for development, trials and measurements.

The same seed makes the same people, numbers and states; only the dates move with the day on which
the season is made. Rows go in set-wise, one sub-county at a time, past the services but with every
constraint and trigger on; the rules that services own (entitlements, claims) are asked of them.
"""
