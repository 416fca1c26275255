"""What Python runs when it is given the agent's bundle, or this folder."""
import sys

from rediform.__main__ import main

sys.exit(main(sys.argv[1:]))
