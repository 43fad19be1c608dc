"""Plainsail: everything a small online business needs, in one program that it can run itself."""

__version__ = "0.1.0"
