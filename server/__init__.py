"""The process: settings, wiring, ASGI app, command line, logs."""
