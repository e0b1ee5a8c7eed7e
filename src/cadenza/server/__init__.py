"""What listens: transports, the server API, tokens, configuration, metrics.

``create_app`` makes the ASGI application that a program mounts.
"""
