"""What operators see of a running gateway: the calls ``operate.*`` of the server API's ``rpc``."""
