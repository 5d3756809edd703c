"""Many rows in, an answer or an error for each out: nothing lost, nothing paid twice.

Uses the client as any stranger would. Public names are listed in ``__all__``; the
modules with an underscore are rooms of this one, and nobody else's.
"""

__all__ = ()
