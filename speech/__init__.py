"""What the machine hears and says: recogniser, reading aloud, voices."""
