"""Which variables of this machine would lead the sandbox's own clients elsewhere than to the sandbox?"""

import os


def forget_surroundings() -> None:
    """Drop libpq's variables and the proxies from this process's environment.

    A connection URI overrides few of libpq's many, and no proxy leads to this machine's loopback address.
    """
    for name in list(os.environ):
        if name.startswith("PG") or name.lower().endswith("_proxy"):
            del os.environ[name]
