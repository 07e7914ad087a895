"""Evidence to report: calibration, method, mask drawing, clip aggregation."""
