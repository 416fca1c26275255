"""Runs the snippet that `rediform client` printed, as an application would.

usage: REDIS_PASSWORD=… python3 snippet.py SNIPPET KEY VALUE
Writes through the snippet's master and reads back through its replica.
"""

import sys
import time


class EnhancedCacheManager:
    """Stands in for the application's own class and checks what the snippet gives it."""

    def __init__(self, backend, redis_client, default_ttl, enable_stats):
        assert backend == "redis", backend
        assert default_ttl == 300, default_ttl
        assert enable_stats is True, enable_stats
        self.redis_client = redis_client


snippet, key, value = sys.argv[1:]
names = {"EnhancedCacheManager": EnhancedCacheManager}
with open(snippet, encoding="utf-8") as file:
    exec(compile(file.read(), snippet, "exec"), names)

assert names["redis_cache"].redis_client is names["master"]
assert names["master"].set(key, value)
deadline = time.monotonic() + 5
while names["replica"].get(key) != value.encode():
    assert time.monotonic() < deadline, "the replica does not have the write after 5 s"
    time.sleep(0.02)
# Without a replica that can be reached, slave_for reads from the master and says nothing.
assert names["replica"].info("replication")["role"] == "slave", "the replica's connection is to a master"
print("written to %s:%s" % names["sentinel"].discover_master("mymaster"))
