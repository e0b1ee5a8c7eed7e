"""The server: transports, the server API, tokens, metrics.

``create_app`` makes the ASGI application that a program mounts.
"""
