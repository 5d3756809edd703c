"""The version, as one string."""

__version__ = "0.1.0"
