"""Draws trainings and predictions as pictures, and tables and spans on the terminal."""
