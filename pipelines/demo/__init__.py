"""A generated corpus of fictitious movies and chats about them, in the raw schema of Holl-E."""

from pipelines.demo.corpus import GLOVE_PATH, generate_corpus

__all__ = ["GLOVE_PATH", "generate_corpus"]
