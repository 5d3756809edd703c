"""An asyncio, streaming-first client for the Fireworks AI inference API."""
