"""Alerts as data, and the weekly digest; both read published versions only.

``rules`` reads the rules file, ``evaluate`` judges each rule, ``standing`` remembers
who was told what, ``notify`` tells them through ``channels``; ``digest`` is the letter.
"""
