"""Deploying from a checkout: the commands of git, docker and sam, in which order, and when not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy import stack as stacks
from deploy.errors import ReleaseError
from functions.artefact import Artefact
from tests.deploy import gateway as gateways
from tests.deploy import tools
from tests.deploy.account import REPOSITORY, Account
from tests.deploy.gateway import Gateway
from tests.training.store.drive.world import AUTHOR, git

CONFIG = """\
version = 0.1
[staging.deploy.parameters]
stack_name = "forest-staging"
tags = "application=forest stage=staging"
capabilities = "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
parameter_overrides = [
    "Service=forest", "Stage=staging", "TrafficShift=Canary10Percent5Minutes",
]
[dev.deploy.parameters]
stack_name = "forest-dev"
tags = "application=forest stage=dev"
parameter_overrides = "Service=forest Stage=dev TrafficShift=AllAtOnce"
[prod.deploy.parameters]
stack_name = "forest-prod"
tags = "application=forest stage=prod"
parameter_overrides = "Service=forest Stage=prod TrafficShift=AllAtOnce Burst=100"
"""
PINNED = f"FROM public.ecr.aws/lambda/python:3.13@sha256:{'a' * 64}\nCOPY functions functions\n"


@dataclass
class Checkout:
    """A committed checkout with the code of releases and a model in it."""

    path: Path
    log: Path
    environment: dict[str, str]

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command of deploy."""
        return subprocess.run(
            [sys.executable, "-m", "deploy", *arguments],
            cwd=self.path,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    @property
    def commands(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(root: Path, folder: Path, account: Account, tmp_path: Path) -> Iterator[Checkout]:
    path = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("deploy", "functions"):
        shutil.copytree(root / package, path / package, ignore=ignored)
    shutil.copytree(folder, path / "model")
    (path / "samconfig.toml").write_text(CONFIG)
    (path / "Dockerfile.lambda").write_text(PINNED)
    (path / ".github").mkdir()
    shutil.copy(root / ".github/CODEOWNERS", path / ".github")
    (path / ".gitignore").write_text("/model/\n/.aws-sam/\n__pycache__/\n")
    git(tmp_path, "init", "--quiet", "checkout")
    git(path, "add", ".")
    git(path, *AUTHOR, "commit", "--quiet", "--message", "All of it")
    tools.install(tmp_path / "bin", root)
    with gateways.opened(Gateway(keyed=False)) as gateway:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": account.url,
            "TOOLS_LOG": str(tmp_path / "log"),
            "API_URL": gateway.url,
        }
        yield Checkout(path, tmp_path / "log", environment)


def test_a_deployment_builds_pushes_under_a_new_tag_and_deploys_the_digest(
    checkout: Checkout, account: Account, model: Artefact
) -> None:
    account.prepare()
    done = checkout.run("deploy", "staging")
    assert done.returncode == 0, done.stderr

    commit = git(checkout.path, "rev-parse", "HEAD")
    tag = f"{commit}-{model.version}-{'d' * 12}"
    image = account.parameters("staging")["Image"]
    assert image.startswith(f"{REPOSITORY}@sha256:")
    assert checkout.commands == [
        "sam build",
        "docker image inspect --format {{.Id}} predictfunction:latest",
        "docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        f"docker tag predictfunction:latest {REPOSITORY}:{tag}",
        f"docker push --quiet {REPOSITORY}:{tag}",
        (
            "sam deploy --template-file template.yaml --config-env staging "
            f"--image-repository {REPOSITORY} --role-arn {account.role('staging')} "
            "--no-confirm-changeset --no-fail-on-empty-changeset "
            "--parameter-overrides Service=forest Stage=staging "
            f"TrafficShift=Canary10Percent5Minutes Image={image}"
        ),
    ]
    assert f"runs {image} at {checkout.environment['API_URL']}" in done.stderr
    assert "make smoke ENV=staging" in done.stderr


def test_the_same_image_is_pushed_once(checkout: Checkout, account: Account) -> None:
    account.prepare()
    first, second = checkout.run("push", "staging"), checkout.run("push", "staging")
    assert [line.split("=")[0] for line in first.stdout.splitlines()] == ["image", "name", "digest"]
    assert second.stdout == first.stdout
    assert "is already in the repository" in second.stderr
    assert sum(line.startswith("docker push") for line in checkout.commands) == 1


def test_an_image_that_is_given_by_digest_is_not_built(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    image = f"{REPOSITORY}@{account.push('built-before')}"
    done = checkout.run("deploy", "staging", "--image", image)
    assert done.returncode == 0, done.stderr
    assert account.parameters("staging")["Image"] == image
    assert [line.split()[:2] for line in checkout.commands] == [["sam", "deploy"]]


def test_a_base_image_without_a_digest_is_deployed_to_dev_only(
    checkout: Checkout, account: Account
) -> None:
    account.prepare("staging", "dev")
    (checkout.path / "Dockerfile.lambda").write_text(f"{PINNED}FROM public.ecr.aws/lambda/x:3\n")
    git(checkout.path, *AUTHOR, "commit", "--quiet", "--all", "--message", "Another base")
    for command in ("push", "deploy"):
        refused = checkout.run(command, "staging")
        assert refused.returncode == 1
        assert refused.stderr == (
            "deploy: staging takes an image whose base is pinned by its digest: run `make "
            "pin-base` and commit Dockerfile.lambda\n"
        )
    assert checkout.commands == []
    done = checkout.run("deploy", "dev")
    assert done.returncode == 0, done.stderr


def test_uncommitted_work_is_deployed_to_dev_only(checkout: Checkout, account: Account) -> None:
    account.prepare("staging", "dev")
    (checkout.path / "notes").write_text("new")

    refused = checkout.run("deploy", "staging")
    assert refused.returncode == 1
    assert refused.stderr.startswith("deploy: staging takes committed work only")
    assert checkout.commands == []

    done = checkout.run("deploy", "dev")
    assert done.returncode == 0, done.stderr
    assert any("-dirty-" in line for line in checkout.commands), "its tag says what it is"
    assert "Stage=dev TrafficShift=AllAtOnce Image=" in checkout.commands[-1]


@pytest.mark.parametrize(
    ("prepared", "image", "fail", "said"),
    [
        (False, "", "", "the account is not prepared in eu-west-1: there is no stack"),
        (True, f"{REPOSITORY}:latest", "", "is a tag; images are deployed by digest"),
        (True, "", "sam build", "`sam build` failed with exit code 1"),
        (True, "", "docker push", "`docker push` failed with exit code 1"),
        (True, "", "sam deploy", "`sam deploy` failed with exit code 1"),
    ],
)
def test_a_failed_deployment_is_reported_in_one_line(
    checkout: Checkout, account: Account, prepared: bool, image: str, fail: str, said: str
) -> None:
    if prepared:
        account.prepare()
    done = checkout.run("deploy", "staging", "--image", image, FAIL=fail)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("deploy: ")
    assert said in last
    with pytest.raises(ReleaseError):
        stacks.read_stack(account.client("cloudformation"), "forest-staging")


def test_prod_is_not_deployed_without_somebody_to_notify(
    checkout: Checkout, account: Account
) -> None:
    account.prepare("prod")
    image = f"{REPOSITORY}@{account.push('built-before')}"
    refused = checkout.run("deploy", "prod", "--image", image)
    assert refused.returncode == 1
    assert "set ALARM_EMAIL" in refused.stderr
    assert checkout.commands == []

    done = checkout.run("deploy", "prod", "--image", image, ALARM_EMAIL="ranger@example.org")
    assert done.returncode == 0, done.stderr
    assert " AlarmEmail=ranger@example.org " in checkout.commands[-1]


def test_an_account_that_runs_less_at_a_time_than_the_burst_is_warned_of(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    config = (checkout.path / "samconfig.toml").read_text()
    for burst, warned in (("1001", True), ("1000", False)):
        given = config.replace('"Stage=staging"', f'"Stage=staging", "Burst={burst}"')
        (checkout.path / "samconfig.toml").write_text(given)
        git(checkout.path, *AUTHOR, "commit", "--quiet", "--all", "--message", burst)
        image = f"{REPOSITORY}@{account.push(burst)}"
        done = checkout.run("deploy", "staging", "--image", image)
        assert done.returncode == 0, done.stderr
        said = "Warning: this account runs 1000 functions at a time and Burst is 1001"
        assert (said in done.stderr) is warned


def test_a_deployment_tags_what_runs_now_and_what_ran_before(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    digests = [account.push(name) for name in ("first", "second")]
    for digest in digests:
        done = checkout.run("deploy", "staging", "--image", f"{REPOSITORY}@{digest}")
        assert done.returncode == 0, done.stderr
    assert account.tagged("live-staging") == digests[1]
    assert account.tagged("previous-staging") == digests[0]


def test_a_deployment_that_fails_tags_nothing(checkout: Checkout, account: Account) -> None:
    account.prepare()
    image = f"{REPOSITORY}@{account.push('first')}"
    assert checkout.run("deploy", "staging", "--image", image, FAIL="sam deploy").returncode == 1
    assert account.tagged("live-staging") == ""


def test_bootstrap_reads_the_ids_of_a_repository_with_gh(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()  # the provider, which moto's CloudFormation can't make
    done = checkout.run("bootstrap", "prod", "--repository", "octo-org/Forest")
    assert done.returncode == 0, done.stderr
    assert "gh api repos/octo-org/Forest" in checkout.commands
    assert ".github/CODEOWNERS still names @OWNER" in done.stderr
    stack = stacks.read_stack(account.client("cloudformation"), "forest-bootstrap-prod")
    assert (stack.parameters["GitHubOwnerId"], stack.parameters["GitHubRepositoryId"]) == ("1", "2")
    assert [line.split("=")[0] for line in done.stdout.splitlines()] == sorted(stack.outputs)


def test_an_environment_that_samconfig_does_not_know_is_named(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    (checkout.path / "samconfig.toml").write_text("version = 0.1")
    git(checkout.path, *AUTHOR, "commit", "--quiet", "--all", "--message", "Forget all")
    done = checkout.run("deploy", "prod")
    assert (done.returncode, done.stderr) == (
        1,
        "deploy: samconfig.toml: [prod.deploy.parameters] lacks 'prod'\n",
    )


def test_missing_credentials_are_reported_in_one_line(checkout: Checkout, account: Account) -> None:
    bare = {k: v for k, v in checkout.environment.items() if not k.startswith("AWS_")}
    bare |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "eu-west-1"}
    bare |= {"HOME": str(checkout.path), "AWS_ENDPOINT_URL": account.url}
    checkout.environment = bare
    done = checkout.run("images", "prod")
    assert (done.returncode, done.stderr) == (1, "deploy: Unable to locate credentials\n")


SESSION = "arn:aws:iam::123456789012:user/ranger"


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_profile_of_aws_login_is_read(
    checkout: Checkout, account: Account, tmp_path: Path, signed_in: bool
) -> None:
    account.prepare()
    home = tmp_path / "home"
    cache = home / ".aws/login/cache"
    cache.mkdir(parents=True)
    (home / ".aws/config").write_text(f"[profile forest]\nlogin_session = {SESSION}\n")
    token = {
        "accessToken": {
            "accessKeyId": "key",
            "secretAccessKey": "secret",
            "sessionToken": "token",
            "accountId": "123456789012",
            "expiresAt": "2999-01-01T00:00:00Z",
        },
        **dict.fromkeys(("refreshToken", "dpopKey", "clientId"), "x"),
    }
    if signed_in:
        name = hashlib.sha256(SESSION.encode()).hexdigest()
        (cache / f"{name}.json").write_text(json.dumps(token))
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    checkout.environment = {k: v for k, v in checkout.environment.items() if k not in keys}
    done = checkout.run("current-image", "staging", HOME=str(home), AWS_PROFILE="forest")
    if signed_in:
        assert (done.returncode, done.stdout) == (0, "image=\n"), done.stderr
    else:
        assert done.returncode == 1
        assert done.stderr.startswith("deploy: ")
        assert "reauthenticate with 'aws login'" in done.stderr


def test_what_serves_is_printed_and_is_empty_before_the_first_release(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    assert checkout.run("current-image", "staging").stdout == "image=\n"
    image = account.release("staging", "x")
    assert checkout.run("current-image", "staging").stdout == f"image={image}\n"


def test_images_are_listed_newest_first_with_their_share(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    tags = [f"{letter * 40}-{'1' * 12}-{'2' * 12}" for letter in "ab"]
    digests = [account.release("staging", tag).rpartition("@")[2] for tag in tags]
    rows = [line.split() for line in checkout.run("images", "staging").stdout.splitlines()]
    assert rows[0] == ["version", "traffic", "pushed", "model", "commit", "digest"]
    assert [rows[1][:2], rows[2][:2]] == [["2", "100%"], ["1", "none"]]
    assert [rows[1][-3:], rows[2][-3:]] == [
        ["1" * 12, "b" * 12, digests[1]],
        ["1" * 12, "a" * 12, digests[0]],
    ]


def test_smoke_of_an_environment_finds_address_and_key_itself(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    account.release("staging", "x", checkout.environment["API_URL"])
    done = checkout.run("smoke", "staging")
    assert done.returncode == 0, done.stdout + done.stderr
    (key,) = account.client("apigateway").get_api_keys(includeValues=True)["items"]
    assert key["value"] not in done.stdout + done.stderr


def test_a_stack_is_deleted_only_once_its_name_is_typed(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    account.release("staging", "x")
    for arguments in (("destroy", "staging"), ("destroy", "staging", "--confirm", "staging")):
        refused = checkout.run(*arguments)
        assert refused.returncode == 1
        assert "nothing was deleted" in refused.stderr
    assert account.parameters("staging")

    done = checkout.run("destroy", "staging", "--confirm", "forest-staging")
    assert done.returncode == 0, done.stderr
    assert "DELETE_COMPLETE" in done.stderr
    with pytest.raises(ReleaseError, match="there is no stack"):
        stacks.read_stack(account.client("cloudformation"), "forest-staging")


def test_the_real_sam_hands_digest_parameters_and_role_to_cloudformation_and_needs_no_docker(
    checkout: Checkout, account: Account, root: Path
) -> None:
    sam = root / ".sam-venv/bin/sam"
    if not sam.exists():
        pytest.skip("SAM CLI is not here: `make test` sets it up")
    account.prepare()
    shutil.copy(root / "template.yaml", checkout.path)
    git(checkout.path, "add", ".")
    git(checkout.path, *AUTHOR, "commit", "--quiet", "--message", "A template")
    image = f"{REPOSITORY}@sha256:{'a' * 64}"
    done = checkout.run(
        *("deploy", "staging", "--image", image),
        PATH=f"{sam.parent}:{os.environ['PATH']}",
        SAM_CLI_TELEMETRY="0",
        DOCKER_HOST="tcp://127.0.0.1:9",
    )

    assert "No transform is known here" in done.stderr, done.stderr
    (request,) = account.change_sets
    parameters = {
        request[key]: request[key.replace("Key", "Value")]
        for key in request
        if key.endswith(".ParameterKey")
    }
    assert parameters == {
        "Service": "forest",
        "Stage": "staging",
        "TrafficShift": "Canary10Percent5Minutes",
        "Image": image,
    }
    assert request["StackName"] == "forest-staging"
    assert request["RoleARN"] == account.role("staging")
    assert request["ChangeSetType"] == "CREATE"
    assert "Ref: Image" in request["TemplateBody"], "the template goes as it is"
    assert len(request["TemplateBody"]) < 51_200, "a longer one must go through a bucket"
    assert {call.split()[0] for call in account.calls} == {"cloudformation", "lambda"}


SUPERVISED = """
[staging.supervision.parameters]
parameter_overrides = ["RetrainRepository=owner/forest", "RetrainSecret=forest-staging-github"]
"""


def switch_supervision_on(checkout: Checkout) -> None:
    more = '"Stage=staging", "Supervision=on", "Architecture=arm64", "LogRetentionDays=7",'
    text = CONFIG.replace('"Stage=staging",', more) + SUPERVISED
    (checkout.path / "samconfig.toml").write_text(text)
    git(checkout.path, *AUTHOR, "commit", "--quiet", "--all", "--message", "Supervise")


def test_supervision_is_deployed_after_the_api_with_what_it_put_out(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    switch_supervision_on(checkout)
    image = f"{REPOSITORY}@{account.push('built-before')}"
    done = checkout.run("deploy", "staging", "--image", image)
    assert done.returncode == 0, done.stderr
    api, supervision = (each for each in checkout.commands if each.startswith("sam deploy"))
    assert "Supervision=on" in api
    assert supervision == (
        "sam deploy --template-file deploy/supervision.yaml --config-env staging "
        "--stack-name forest-staging-supervision "
        f"--image-repository {REPOSITORY} --role-arn {account.role('staging')} "
        "--no-confirm-changeset --no-fail-on-empty-changeset "
        "--parameter-overrides Service=forest Stage=staging Architecture=arm64 LogRetentionDays=7 "
        f"Image={image} EncryptionKey=arn:aws:kms:eu-west-1:123456789012:key/0 "
        "Topic=arn:aws:sns:eu-west-1:123456789012:forest-staging-Topic "
        "RetrainRepository=owner/forest RetrainSecret=forest-staging-github"
    )


def test_a_second_stack_that_fails_is_named_and_the_way_back_leads_to_the_image_before(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    switch_supervision_on(checkout)
    first, second = (f"{REPOSITORY}@{account.push(name)}" for name in ("first", "second"))
    assert checkout.run("deploy", "staging", "--image", first).returncode == 0
    failing = "sam deploy --template-file deploy/supervision.yaml"
    done = checkout.run("deploy", "staging", "--image", second, FAIL=failing)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"deploy: forest-staging runs {second}, but forest-staging-supervision was not brought up "
        "to date: `sam deploy` failed with exit code 1. If its events say that a right is missing: "
        "make bootstrap ENV=staging"
    )
    # The API's stack has changed, whatever became of the other.
    assert account.tagged("live-staging") == second.rpartition("@")[2]
    assert account.tagged("previous-staging") == first.rpartition("@")[2]


def test_supervision_is_off_by_default_and_a_stack_of_it_is_named_and_kept(
    checkout: Checkout, account: Account
) -> None:
    account.prepare()
    account.supervision("staging", "x")
    image = f"{REPOSITORY}@{account.push('built-before')}"
    done = checkout.run("deploy", "staging", "--image", image)
    assert done.returncode == 0, done.stderr
    assert sum(each.startswith("sam deploy") for each in checkout.commands) == 1
    assert "delete-stack --stack-name forest-staging-supervision" in done.stderr
    assert account.has_stack("forest-staging-supervision")


def test_supervision_is_deleted_with_its_environment(checkout: Checkout, account: Account) -> None:
    account.prepare()
    account.release("staging", "x")
    account.supervision("staging", "x")
    done = checkout.run("destroy", "staging", "--confirm", "forest-staging")
    assert done.returncode == 0, done.stderr
    assert "Its buckets stay" in done.stderr
    assert not account.has_stack("forest-staging-supervision")
    assert not account.has_stack("forest-staging")
