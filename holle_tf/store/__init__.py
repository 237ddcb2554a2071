"""Stores of documents: what a student has read of a large collection, on disk."""
