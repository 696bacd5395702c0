"""The way back: which image, through the stack, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends

from deploy import history
from deploy import stack as stacks
from deploy.errors import ReleaseError
from deploy.history import read_history
from deploy.image import remember_images
from deploy.rollback import rollback_release
from tests.deploy.account import REGION, REPOSITORY, Account, configuration

COMMITS = ["a" * 40, "b" * 40, "c" * 40]
TAGS = [f"{commit}-{'1' * 12}-{'2' * 12}" for commit in COMMITS]


@pytest.fixture
def images(account: Account) -> list[str]:
    """Three releases of staging, oldest first."""
    account.prepare()
    return [account.release("staging", tag) for tag in TAGS]


class Remembering:
    """A CloudFormation that remembers on which versions the alias came to rest.

    moto knows no alias in a stack, so these events are laid over its own.
    """

    def __init__(self, real: Any, served: Sequence[int], refused: Sequence[int] = ()) -> None:
        self._real = real
        self._events = [
            {
                "ResourceType": "AWS::Lambda::Alias",
                "ResourceStatus": status,
                "ResourceProperties": f'{{"Name": "live", "FunctionVersion": "{version}"}}',
            }
            for status, versions in (("UPDATE_COMPLETE", served), ("UPDATE_FAILED", refused))
            for version in versions
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_stack_events"
        others = [{"ResourceType": "AWS::SNS::Topic", "ResourceStatus": "UPDATE_COMPLETE"}]
        pages = [{"StackEvents": others}, {"StackEvents": self._events}]
        return SimpleNamespace(paginate=lambda **_: pages)


def remembering(
    account: Account, served: Sequence[int] = (1, 2, 3), refused: Sequence[int] = ()
) -> dict[str, Any]:
    clients = account.clients
    return clients | {"cloudformation": Remembering(clients["cloudformation"], served, refused)}


def back(
    account: Account, digest: str = "", clients: dict[str, Any] | None = None, **options: Any
) -> list[str]:
    logged: list[str] = []
    stack = stacks.read_stack(account.client("cloudformation"), "forest-staging")
    rollback_release(
        configuration("staging"),
        stack,
        digest,
        clients or remembering(account),
        logged.append,
        pause=0,
        **options,
    )
    return logged


def test_without_a_digest_the_image_before_the_one_that_serves_comes_back(
    account: Account, images: list[str]
) -> None:
    logged = back(account)

    assert account.parameters("staging") == {
        "Service": "forest",
        "Stage": "staging",
        "Image": images[1],
        "TrafficShift": "Canary10Percent5Minutes",
    }
    assert logged[0] == f"forest-staging: {images[2]} -> {images[1]}"
    assert logged[-1] == f"forest-staging runs {images[1]}."
    assert any("UPDATE_IN_PROGRESS" in line for line in logged), "what happens is logged"


def test_a_digest_goes_back_further_and_now_moves_all_traffic_at_once(
    account: Account, images: list[str]
) -> None:
    back(account, images[0].rpartition("@")[2], now=True)

    assert account.parameters("staging") == {
        "Service": "forest",
        "Stage": "staging",
        "Image": images[0],
        "TrafficShift": "AllAtOnce",
    }


def test_the_template_of_the_stack_stays_as_it_is(account: Account, images: list[str]) -> None:
    cloudformation = account.client("cloudformation")
    before = cloudformation.get_template(StackName="forest-staging")["TemplateBody"]
    back(account)
    after = cloudformation.get_template(StackName="forest-staging")["TemplateBody"]
    assert after == before


def test_an_image_that_serves_already_changes_nothing(account: Account, images: list[str]) -> None:
    logged = back(account, images[2])
    assert logged == [f"forest-staging already runs {images[2]}."]
    assert account.parameters("staging")["Image"] == images[2]


def test_an_image_that_is_gone_from_the_repository_is_refused_before_anything_changes(
    account: Account, images: list[str]
) -> None:
    account.client("ecr").batch_delete_image(
        repositoryName="forest", imageIds=[{"imageTag": TAGS[1]}]
    )
    with pytest.raises(ReleaseError, match="no longer holds"):
        back(account, images[1])
    assert account.parameters("staging")["Image"] == images[2]

    logged = back(account)
    assert logged[-1] == f"forest-staging runs {images[0]}.", "the one before is taken"


def test_a_first_release_cannot_be_rolled_back(account: Account) -> None:
    account.prepare()
    account.release("staging", TAGS[0])
    with pytest.raises(ReleaseError, match="No earlier image that served traffic is left in ECR"):
        back(account)


def test_a_release_that_a_guard_turned_away_is_never_gone_back_to(
    account: Account, images: list[str]
) -> None:
    logged = back(account, clients=remembering(account, served=[1, 3], refused=[2]))
    assert logged[-1] == f"forest-staging runs {images[0]}."


def test_without_a_known_earlier_image_a_digest_is_required(
    account: Account, images: list[str]
) -> None:
    with pytest.raises(ReleaseError, match="Pick one from `images` and pass its digest"):
        back(account, clients=remembering(account, served=[]))
    assert account.parameters("staging")["Image"] == images[2]


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", f"{REPOSITORY}:tag"])
def test_a_malformed_digest_is_refused(account: Account, images: list[str], digest: str) -> None:
    with pytest.raises(ReleaseError, match="is not a digest; expected sha256:<64 hex digits>"):
        back(account, digest)


class Resting:
    """A CloudFormation whose stack rests, or moves, as a test says."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.requested: list[str] = []

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {
            "Stacks": [
                {
                    "StackName": "forest-prod",
                    "StackId": "arn:stack",
                    "StackStatus": status,
                    "Parameters": [{"ParameterKey": "Image", "ParameterValue": "r@sha256:1"}],
                }
            ]
        }

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"StackEvents": []}

    def get_template(self, StackName: str, TemplateStage: str) -> dict[str, Any]:  # noqa: N803
        return {"TemplateBody": f"{TemplateStage}: as it was sent"}

    def cancel_update_stack(self, StackName: str) -> None:  # noqa: N803
        self.requested.append(f"cancel {StackName}")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name forest-prod"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "wait until the change has ended"),
        ("CREATE_IN_PROGRESS", "wait until the change has ended"),
        ("ROLLBACK_COMPLETE", "destroy it and deploy again"),
        ("DELETE_FAILED", "destroy it and deploy again"),
    ],
)
def test_a_stack_that_can_t_be_updated_is_left_alone_and_the_remedy_is_named(
    status: str, said: str
) -> None:
    cloudformation = Resting(status)
    stack = stacks.read_stack(cloudformation, "forest-prod")
    with pytest.raises(ReleaseError, match=said) as raised:
        rollback_release(
            configuration("staging"), stack, "", {"cloudformation": cloudformation}, print
        )
    assert status in str(raised.value)
    assert cloudformation.requested == []


def test_a_release_that_is_under_way_is_cancelled() -> None:
    moving = Resting(
        *("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"),
        "UPDATE_ROLLBACK_COMPLETE",
    )
    logged: list[str] = []
    stack = stacks.read_stack(moving, "forest-prod")
    rollback_release(
        configuration("staging"), stack, "", {"cloudformation": moving}, logged.append, pause=0
    )
    assert moving.requested == ["cancel forest-prod"]
    assert logged[-1] == "forest-prod runs what it ran before."


def test_a_way_back_that_its_own_guards_refuse_is_a_failure(
    account: Account, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = account.clients
    stack = replace(  # moto keeps no capabilities
        stacks.read_stack(clients["cloudformation"], "forest-staging"),
        capabilities=("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
    )
    remembered = remembering(account)["cloudformation"]

    class Refusing(Resting):
        def update_stack(self, **request: Any) -> None:
            assert request["Capabilities"] == ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
            given = {each["ParameterKey"]: each for each in request["Parameters"]}
            self.requested += [given["Image"]["ParameterValue"], request["TemplateBody"]]

        def get_paginator(self, operation: str) -> Any:
            return remembered.get_paginator(operation)

    guarded = Refusing("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    with pytest.raises(ReleaseError, match="the earlier release still serves"):
        rollback_release(
            configuration("staging"),
            stack,
            "",
            clients | {"cloudformation": guarded},
            print,
            pause=0,
        )
    assert guarded.requested == [images[1], "Original: as it was sent"]


@pytest.mark.parametrize("api_is_there", [False, True])
def test_the_functions_of_the_second_stack_follow_to_the_same_image(
    account: Account, images: list[str], api_is_there: bool
) -> None:
    account.supervision("staging", images[2])
    if api_is_there:  # an earlier attempt ended between the two
        account.stack("staging", images[1], "https://api.example/staging/")
    logged = back(account, images[1])
    assert account.parameters("staging")["Image"] == images[1]
    moved = {"Image": images[1], "Stage": "staging"}
    assert account.parameters("staging", "-supervision") == moved
    assert logged[-1] == f"forest-staging-supervision runs {images[1]}."


def test_a_second_stack_that_stays_behind_is_a_failure_and_the_command_is_named(
    account: Account, images: list[str]
) -> None:
    account.supervision("staging", images[2])
    for stack in cloudformation_backends["123456789012"][REGION].stacks.values():
        if stack.name.endswith("-supervision"):
            stack.status = "UPDATE_ROLLBACK_FAILED"
    digest = images[1].rpartition("@")[2]
    with pytest.raises(ReleaseError) as raised:
        back(account)
    assert f"forest-staging runs {images[1]}" in str(raised.value)
    assert "continue-update-rollback --stack-name forest-staging-supervision" in str(raised.value)
    assert str(raised.value).endswith(f"rollback-release ENV=staging IMAGE={digest}")
    assert account.parameters("staging", "-supervision")["Image"] == images[2]


def test_the_images_before_and_now_are_tagged_so_that_no_rule_expires_them(
    account: Account, images: list[str]
) -> None:
    back(account)
    assert account.tagged("live-staging") == images[1].rpartition("@")[2]
    assert account.tagged("previous-staging") == images[2].rpartition("@")[2]


def test_the_tagged_image_comes_back_even_where_cloudformation_remembers_nothing(
    account: Account, images: list[str]
) -> None:
    remember_images(account.client("ecr"), "staging", images[2], images[0])
    logged = back(account, clients=remembering(account, served=[]))
    assert logged[-1] == f"forest-staging runs {images[0]}."

    again = back(account, clients=remembering(account, served=[]))
    assert again[-1] == f"forest-staging runs {images[2]}.", "twice brings the newer one back"


def test_the_history_says_which_image_serves_and_which_are_gone(
    account: Account, images: list[str]
) -> None:
    account.client("ecr").batch_delete_image(
        repositoryName="forest", imageIds=[{"imageTag": TAGS[0]}]
    )
    account.client("lambda").update_alias(
        FunctionName="forest-staging",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"3": 0.1}},
    )
    stack = stacks.read_stack(account.client("cloudformation"), "forest-staging")
    found = read_history(stack, remembering(account, served=[1, 2]))

    assert [each.digest for each in found] == [image.rpartition("@")[2] for image in images[::-1]]
    assert [(each.version, each.share) for each in found] == [(3, 0.1), (2, 0.9), (1, 0)]
    assert [each.commit for each in found] == [COMMITS[2], COMMITS[1], ""]
    assert [each.model for each in found] == ["1" * 12, "1" * 12, ""]
    assert [each.available for each in found] == [True, True, False]
    assert [each.served for each in found] == [False, True, True]


def test_the_history_ends_after_the_newest_releases(
    account: Account, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "NEWEST", 2)
    stack = stacks.read_stack(account.client("cloudformation"), "forest-staging")

    assert [each.version for each in read_history(stack, remembering(account))] == [3, 2]
