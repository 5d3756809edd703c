"""The version, as one string."""

VERSION = "0.1.0"
