"""Who goes where, proposed by an optimiser and confirmed by a person.

`problem`, `solve`, `first_come` and `explain` know arrays and nothing else; `load` fills them from
the database, `parts` writes down what came out, `runs` is the life of a run, `editing` what a
director changes in a proposal, `confirm` how it becomes deployments.
"""
