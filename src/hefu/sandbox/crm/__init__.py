"""A hosted CRM of our days, of no vendor in particular: the demo's and the tour's."""
