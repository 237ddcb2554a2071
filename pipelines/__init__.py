"""From raw Holl-E chats to batches of tensors. Imports nothing from ``holle_tf``."""
