"""The paper's tables from runs: what to run, what came out, and the page that shows it."""
