"""The one library every function imports: the resources' models, the API server, events and names."""

import gc
import os

# A function is waited for while it starts from zero, and that is mostly imports:
gc.set_threshold(50_000)  # modules stay, the collector would look through them in vain again and again
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would read what every installed package declares
