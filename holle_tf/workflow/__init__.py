"""The steps behind the command line: data, runs, evaluation, prediction."""
