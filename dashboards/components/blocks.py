"""The shape every piece of evidence has: a question, its answer, then the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


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


def in_numbers() -> DeltaGenerator:
    """Return where a chart's numbers stand as a table, closed until it is asked for."""
    return st.expander("In numbers, with the rows behind", icon=":material/table:")


def choice(label: str, options: Mapping[str, str], *, key: str) -> str:
    """Let the reader choose one of a few ways to see the evidence; the first is given.

    Args:
        label: What is chosen.
        options: Words by the name that the address carries.
        key: What the address calls it.
    """
    chosen: str = st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        default=next(iter(options)),
        key=key,
        bind="query-params",
        required=True,
    )
    return chosen


def search_box(label: str, placeholder: str, *, key: str) -> str:
    """Return the id that was typed; the address carries it under ``key``."""
    return st.text_input(
        label,
        key=key,
        bind="query-params",
        placeholder=placeholder,
        type="search",
        icon=":material/search:",
        max_chars=200,
    ).strip()
