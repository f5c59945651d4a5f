"""``python -m rescind``."""

import sys

from rescind.cli import main

sys.exit(main())
