"""Web pages and live feeds for managers, agents and inspectors."""

from console.app import add_pages
from console.desk import Desk, questions_of

__all__ = ["Desk", "add_pages", "questions_of"]
