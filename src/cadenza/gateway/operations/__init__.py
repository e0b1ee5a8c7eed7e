"""The operations of the API: the work that each one does, apart from how it is served."""
