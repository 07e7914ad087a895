"""The edge: routes, schemas, content negotiation."""
