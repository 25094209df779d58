"""The demo: a firm, its clients, a network, and what became of it."""
