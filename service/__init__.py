"""What runs in production: bytes -> frames -> faces -> evidence -> report, behind HTTP."""
