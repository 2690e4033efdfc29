"""The laws of money over random lives of orders: ordering and commission together, step by step.

``python -m tests.laws --lives 100000 --seed 1`` lives as many as it is told, on every core.
"""
