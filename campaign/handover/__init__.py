"""A person on the line: who is offered which client, and by which road."""
