"""Web pages and live feeds for managers, agents and inspectors."""

from console.app import Desk, add_pages

__all__ = ["Desk", "add_pages"]
