"""The server API over HTTP: what a backend asks of the gateway. Facts: section 9."""
