"""The same stages behind other servers, each as its own documentation would have it.

Every module runs as `python -m tests.benchmarks.peer_servers.NAME PORT MODEL`.
"""
