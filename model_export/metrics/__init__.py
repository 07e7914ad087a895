"""Figures professionals use for detectors, calibration and segmentation."""
