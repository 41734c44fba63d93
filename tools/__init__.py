"""What developing the project needs: generators of files that are committed."""
