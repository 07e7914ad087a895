"""The Y-shaped autoencoders: the paper's, and a stronger one with the same contract."""
