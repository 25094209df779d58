"""What leaves the house: notices to clients, events to the firm."""
