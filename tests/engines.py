"""The two engines, and how a test says that it is about one of them."""

import pytest

ENGINES = ("sqlite", "postgresql")
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
