"""Rectified flow as plain functions; knows no transformer, only velocity(x_t, t)."""
