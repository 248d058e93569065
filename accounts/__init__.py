"""People and programs at the door: names and passwords, keys, proxies, the key of sessions."""
