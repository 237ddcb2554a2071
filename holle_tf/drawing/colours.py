"""The colours of every picture."""

# One colour per run or model, in the order given; told apart by the colour-blind too (Okabe-Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a")
GOLD = "#1a7f37"  # of the true span
INK, PALE = "#222222", "#8a8a8a"  # of text and of what should not stand out
