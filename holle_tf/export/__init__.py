"""A trained student as a file that other programs load without this package."""
