"""What a detector can be evaluated on or fine-tuned with: crops with their truth."""
