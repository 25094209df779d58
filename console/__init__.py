"""Web pages and live feeds for managers, agents and inspectors."""
