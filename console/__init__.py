"""Web pages and live feeds for managers, agents and inspectors."""

from console.app import add_pages
from console.desk import AgentLines, AskedWords, Desk, TryLines

__all__ = ["AgentLines", "AskedWords", "Desk", "TryLines", "add_pages"]
