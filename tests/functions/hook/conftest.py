"""The fixtures of a release: the hook belongs to one."""

from tests.deploy.conftest import account, model

__all__ = ["account", "model"]
