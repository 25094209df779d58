"""What the written rules say: review types, outcomes, the redial table, the calendar. Pure."""
