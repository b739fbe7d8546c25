"""Earmark: who wrote a line, what is risky about it, and what the gates downstream ask for."""

__version__ = "0.1.0"
