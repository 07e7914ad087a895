"""What researchers run: the network, the forge, training, evaluation and export."""
