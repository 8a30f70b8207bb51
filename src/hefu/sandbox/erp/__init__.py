"""An ERP of the older school, of no vendor in particular: the demo's and the tour's."""
