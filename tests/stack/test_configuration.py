"""samconfig.toml, the parameters and the outputs: what people and workflows hold on to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.stack.conftest import IMAGE, Template, plain


def test_each_environment_passes_parameters_that_the_template_takes(
    source: Template, environments: dict[str, dict[str, Any]]
) -> None:
    for environment in environments.values():
        for pair in environment["parameter_overrides"]:
            name, value = pair.split("=")
            parameter = source["Parameters"][name]
            assert value in map(str, parameter.get("AllowedValues", [value]))
            if parameter["Type"] == "Number":
                low, high = parameter.get("MinValue", 0), parameter.get("MaxValue", 10**9)
                assert low <= int(value) <= high


def test_each_environment_is_a_stack_of_its_own(environments: dict[str, dict[str, Any]]) -> None:
    for name, environment in environments.items():
        values = dict(each.split("=", 1) for each in environment["parameter_overrides"])
        service = values["Service"]
        assert values["Stage"] == name
        assert {
            key: value for key, value in environment.items() if key != "parameter_overrides"
        } == {
            "stack_name": f"{service}-{name}",
            # Roles, but none with a name of our own, and SAM's transform.
            "capabilities": "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND",
            "confirm_changeset": False,
            "fail_on_empty_changeset": False,
            "tags": f"application={service} stage={name}",
        }


def test_every_parameter_has_a_description_and_a_constraint(source: Template) -> None:
    for name, parameter in source["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter), name
        assert "Default" in parameter, name


def test_an_image_is_named_by_digest(source: Template) -> None:
    pattern = source["Parameters"]["Image"]["AllowedPattern"]
    repository = IMAGE.partition("@")[0]

    assert re.fullmatch(pattern, IMAGE)
    for other in (f"{repository}:latest", repository, f"{repository}@sha256:abc", "", "x:latest"):
        assert not re.fullmatch(pattern, other)
    # What `sam build` leaves serves this machine; a deployment with it is refused.
    default = source["Parameters"]["Image"]["Default"]
    assert re.fullmatch(pattern, default)
    assert refused(source, "ImageIsGiven") == ("Image", default)


def test_a_deployment_without_its_stage_is_refused(source: Template) -> None:
    # `sam deploy --parameter-overrides` drops what samconfig.toml holds under that name.
    assert refused(source, "StageIsGiven") == ("Stage", source["Parameters"]["Stage"]["Default"])


def test_prod_is_refused_without_somebody_to_notify(source: Template) -> None:
    rule = source["Rules"]["ProdNotifiesSomebody"]
    assert plain(rule["RuleCondition"]) == {"Fn::Equals": ["Stage", "prod"]}
    assert refused(source, "ProdNotifiesSomebody") == ("AlarmEmail", "")


def test_a_condition_that_spans_parameters_is_refused_by_a_rule(
    roles: Template, account: Template, root: Path
) -> None:
    supervision = yaml_parse((root / "deploy/supervision.yaml").read_text())
    rules = {
        name: (
            plain(rule.get("RuleCondition")),
            [plain(each["Assert"]) for each in rule["Assertions"]],
        )
        for template in (roles, account, supervision)
        for name, rule in template["Rules"].items()
    }

    def has(name: str) -> dict[str, Any]:
        return {"Fn::Not": [{"Fn::Equals": [name, ""]}]}

    immutable = {"Fn::Equals": ["GitHubSubject", "immutable"]}
    assert rules == {
        "SubjectHasIds": (
            {"Fn::And": [has("GitHubOwner"), immutable]},
            [{"Fn::And": [has("GitHubOwnerId"), has("GitHubRepositoryId")]}],
        ),
        "BudgetHasAnAddress": (
            {"Fn::Not": [{"Fn::Equals": ["MonthlyBudget", "0"]}]},
            [has("BudgetEmail")],
        ),
        "RetrainingHasToken": (has("RetrainRepository"), [has("RetrainSecret")]),
    }


def test_snapstart_is_off_and_refused_beside_provisioned_concurrency(source: Template) -> None:
    assert source["Parameters"]["SnapStart"]["Default"] == "None"
    rule = plain(source["Rules"]["OneWayToStartFast"])
    assert rule["RuleCondition"] == {"Fn::Equals": ["SnapStart", "PublishedVersions"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": ["ProvisionedConcurrency", "0"]}


def refused(source: Template, rule: str) -> tuple[str, str]:
    """The parameter and the value that a rule of the form `not equal` refuses."""
    (assertion,) = source["Rules"][rule]["Assertions"]
    ((reference, value),) = (each["Fn::Equals"] for each in assertion["Assert"]["Fn::Not"])
    return reference["Ref"], value


def test_the_outputs_are_these(source: Template, roles: Template, account: Template) -> None:
    assert set(source["Outputs"]) == {
        "Alias",
        "Dashboard",
        "DomainTarget",
        "EncryptionKey",
        "Function",
        "Image",
        "KeyId",
        "Topic",
        "UrgentTopic",
        "Url",
        "Version",
    }
    assert set(roles["Outputs"]) == {"DeployRole", "ExecutionRole", "Repository", "RollbackRole"}
    exported = {plain(each["Export"]["Name"]) for each in account["Outputs"].values()}
    assert exported == {
        f"${{Service}}-bootstrap-{name}"
        for name in ("oidc-provider", "repository", "repository-arn")
    }


def test_cloudformation_can_read_the_templates_as_they_are(root: Path) -> None:
    # It refuses YAML's anchors, which SAM CLI would have resolved.
    for name in ("template.yaml", "deploy/account.yaml", "deploy/environment.yaml"):
        text = (root / name).read_text()
        assert not re.search(r"(?<=[:\-]) [&*][a-z]", text)
        assert len(text.encode()) < 51_200, "more must go through a bucket"
