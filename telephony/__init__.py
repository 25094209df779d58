"""Placing and carrying calls: legs, gateway, recording, call progress, simulator."""
