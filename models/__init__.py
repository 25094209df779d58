"""Tables, migrations and every query."""
