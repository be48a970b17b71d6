"""Would this data do? Reads a dump as landing would, changes nothing, and answers.

``conformity`` does the reading; ``profile`` and ``verdicts`` add up what lines say and
what the judge says of them; ``feeding`` knows what each published table cannot do
without; ``naming`` finds what a foreign name means; ``page`` writes the answer.
"""
