"""A local stand-in for the Fireworks API; it shares no code with the client."""
