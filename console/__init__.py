"""Web pages and live feeds for managers, agents and inspectors."""

from console.app import add_pages
from console.dashboard_page import reckon_ahead
from console.desk import AgentLines, AskedWords, Desk, TryLines
from console.remembered import remembered_of

__all__ = ["AgentLines", "AskedWords", "Desk", "TryLines", "add_pages", "reckon_ahead", "remembered_of"]
