"""A running gateway as operators see it: the calls ``operate.*`` of the server API's ``rpc``."""
