"""Sandbox systems: a CRM and an ERP of two vendors, on loopback, to try and to test against.

They share the frame (faults, counters, webhooks, the look of their pages) and nothing else: names, shapes and manners
differ as those of real vendors do. They import nothing of the hub but `hefu.sim`.
"""
