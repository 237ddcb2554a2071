"""Pictures of trainings and predictions, and tables and spans on the terminal."""
