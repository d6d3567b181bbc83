"""Code lists as data: gemeenten with their successors, and the DDAS spellings per version."""
