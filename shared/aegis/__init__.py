"""The one library every function imports: the resources' models, the API server, events and names."""
