"""What happened: numbers from timestamps handed in; no clock is read here."""
