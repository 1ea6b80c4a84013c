"""What can be asked of the numbers: each question is read, answered and shown here, once for command line and API.

A question is a model of its parameters; ``python -m analytics …`` makes its options of it and ``GET
/api/v1/analytics/…`` its query. Both hand the same words to ``read_question`` and get the same answer.
"""
