"""Proving and sealing; keys are passed in or come from the key store."""
