"""More kinds of data on which a useless improvement passes Check at its level and no more often."""

import pytest

from tests.analytics.test_useless_improvement import MORE_SCENES, nothing_is_paid, runs_of

__all__ = ["nothing_is_paid"]


@pytest.mark.parametrize("name", MORE_SCENES)
def test_it_passes_at_its_level_and_no_more_here_either(name: str) -> None:
    runs_of(name, MORE_SCENES[name])
