"""Pictures for training: landmarks, the forge of synthetic manipulations, datasets."""
