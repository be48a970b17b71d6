"""The shape every piece of evidence has: a question, its answer, then the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


def answer(sentence: str) -> None:
    """Write a page's answer: its first line, larger than the evidence below.

    Args:
        sentence: Markdown; anything that came with the data is escaped by the caller.
    """
    st.markdown(f"## {sentence}")


@contextmanager
def block(question: str) -> Iterator[None]:
    """Frame one question with its evidence."""
    with st.container(border=True):
        st.markdown(f"### {question}")
        yield
