"""The operations of the API: what each one does."""
