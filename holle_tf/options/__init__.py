"""Every option, one file a topic.

A line of one of these classes is a whole option: its default, its meaning and the values that it takes
(``pipelines.option``). Options of the data are in ``pipelines/options.py``, those of a model beside its row
in ``holle_tf/catalogue.py``; ``holle_tf/config.py`` puts them together.
"""
