"""Hefu 合符: keeps a customer system and an ERP in agreement, and proves it."""
