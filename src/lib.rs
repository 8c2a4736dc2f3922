//! Opens machine-learning checkpoints, reading only the bytes it needs.
