"""What is owed and to whom: duties, draws, plans, outlook."""
