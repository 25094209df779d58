"""Whom to call next, and carrying it through."""
