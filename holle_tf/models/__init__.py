"""The models and their layers; ``holle_tf/catalogue.py`` lists them."""
