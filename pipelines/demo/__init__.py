"""An embedded corpus of fictitious movies and chats about them, in the Holl-E raw schema."""

from pipelines.demo.corpus import GLOVE_PATH, generate_corpus

__all__ = ["GLOVE_PATH", "generate_corpus"]
