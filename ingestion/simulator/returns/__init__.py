"""Goods, claims and money that go back."""
