"""Raw files of each schema to examples."""
