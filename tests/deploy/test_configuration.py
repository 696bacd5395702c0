"""samconfig.toml as releases read it: what is missing or does not fit is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.configuration import Environment, load_configuration
from deploy.errors import ReleaseError

STAGING = """\
[staging.deploy.parameters]
stack_name = "forest-staging"
tags = "application=forest stage=staging"
parameter_overrides = ["Service=forest", "Stage=staging", "Burst=20"]
"""


def test_the_file_that_ships_configures_every_environment(root: Path) -> None:
    for environment in Environment:
        found = load_configuration(environment, root / "samconfig.toml")
        assert found.stack == f"{found.service}-{environment}"
        assert found.account_stack == f"{found.service}-bootstrap"
        assert found.roles_stack == f"{found.service}-bootstrap-{environment}"


def test_parameters_are_read_from_a_list_and_from_a_string(tmp_path: Path) -> None:
    path = tmp_path / "samconfig.toml"
    for text in (
        STAGING,
        STAGING.replace(
            '["Service=forest", "Stage=staging", "Burst=20"]',
            '"Service=forest Stage=staging Burst=20"',
        ),
    ):
        path.write_text(text)
        found = load_configuration(Environment.STAGING, path)
        assert found.parameters == {"Service": "forest", "Stage": "staging", "Burst": "20"}


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('stack_name = "forest-staging"', "", "lacks 'stack_name'"),
        ('"Service=forest", ', "", "lacks Service=NAME"),
        ("forest-staging", "woods-staging", "stack_name: expected 'forest-staging'"),
        ("Stage=staging", "Stage=prod", "parameter Stage: expected 'staging', got 'prod'"),
        ("stage=staging", "stage=prod", "tags: expected 'application=forest stage=staging'"),
    ],
)
def test_what_the_roles_do_not_reach_is_refused(
    tmp_path: Path, was: str, becomes: str, message: str
) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(STAGING.replace(was, becomes))
    with pytest.raises(ReleaseError, match=message):
        load_configuration(Environment.STAGING, path)
