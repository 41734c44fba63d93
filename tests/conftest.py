"""How property tests run: without a time limit of their own. How fast a machine is says nothing of what it computes."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
