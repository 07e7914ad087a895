"""Frame to faces: detection, tracking over a clip, crops, quality."""
