"""Faults on demand, for people who test their own clients. Off unless ``faults.enabled``.

A call of the server API switches each on, for a target and a time. Every fault acts through what
the gateway can do anyway (ending a connection, writing late, leaving a DIFF out), so that it never
breaks the protocol: what clients see is what a bad network, feed or venue would show them.
"""
