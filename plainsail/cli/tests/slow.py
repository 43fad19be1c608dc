"""A WSGI application that takes its time, for tests of the server around it."""

import time


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] != "/slow":
        return [b"done"]
    length = len(environ["wsgi.input"].read())
    time.sleep(1.5)
    return [str(length).encode()]
