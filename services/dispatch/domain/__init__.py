"""Dispatch in plain Python: zones, slots, couriers, deliveries, offers, and the planning of routes."""
