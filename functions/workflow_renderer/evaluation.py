"""What the engines of both spellings have in common: what they make of a template, and what that may use up."""

from collections.abc import Callable

from functions.workflow_renderer.parameters import Parameters

Evaluation = Callable[[Parameters], str]
"""A compiled template: from parameters to the manifest's text, with marks for values."""

LONGEST = 200_000
"""Characters of one text, and items of one list, that functions and filters put together."""
WORK = 2_000_000
"""Characters and items that they work on in one rendering."""
ROUNDS = 10_000
"""Of the loops of one rendering; in Jinja also calls."""
