"""What to do next: pure decisions; time and randomness are arguments."""
