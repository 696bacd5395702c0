"""The deploy workflow, its steps run in a scratch clone: order, digests, and the way back.

git, make, DVC and the project's own commands are real; AWS is moto over HTTP; sam, docker and
gh are stand-ins that log each command. Actions are not run.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.stack import find_stack
from tests.deploy import account as accounts
from tests.deploy import gateway as gateways
from tests.deploy import tools
from tests.deploy.account import REPOSITORY, Account
from tests.deploy.gateway import Gateway
from tests.local_server import free_port
from tests.training.store.drive.world import AUTHOR, git
from tests.workflow import Runner

CONFIG = "version = 0.1\n" + "".join(
    f"[{name}.deploy.parameters]\n"
    f'stack_name = "forest-{name}"\n'
    f'tags = "application=forest stage={name}"\n'
    f'parameter_overrides = ["Service=forest", "Stage={name}", "TrafficShift=AllAtOnce"]\n'
    for name in ("staging", "prod")
)


@pytest.fixture(scope="module")
def jobs(root: Path) -> dict[str, Any]:
    text = (root / ".github/workflows/deploy.yml").read_text()
    return dict(yaml.safe_load(text)["jobs"])


def commands(runner: Runner) -> list[str]:
    """The commands that the stand-ins got, in order, but for the question where docker listens."""
    log = Path(runner.environment["TOOLS_LOG"]).read_text().splitlines()
    return [line for line in log if not line.startswith("docker context inspect")]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Where the deployed API answers."""
    with gateways.opened(Gateway(keyed=False)) as opened:
        yield opened


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in accounts.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with accounts.opened() as opened:
        opened.prepare("staging", "prod")
        yield opened


@pytest.fixture
def runner(account: Account, gateway: Gateway, root: Path, tmp_path: Path) -> Runner:
    """A fresh clone, set up, with stand-ins for the tools."""
    if not (root / ".git").exists():
        pytest.skip("this is no git checkout")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(root), str(clone))
    (clone / "samconfig.toml").write_text(CONFIG)
    base = (
        (clone / "Dockerfile.lambda").read_text().replace(":3.13\n", f":3.13@sha256:{'a' * 64}\n")
    )
    (clone / "Dockerfile.lambda").write_text(base)
    git(clone, *AUTHOR, "commit", "--quiet", "--all", "--message", "Two environments")
    # Elsewhere this is a folder, which .gitignore names; here it is a link.
    (clone / ".venv").symlink_to(Path(sys.prefix))
    (clone / ".release-venv").symlink_to(Path(sys.prefix))
    (clone / ".git/info/exclude").write_text("/.venv\n/.release-venv\n")
    for folder, names in ((".sam-venv/bin", ("sam",)), (".sbom-venv/bin", ("syft",))):
        tools.install(clone / folder, root, names)
        (clone / folder).with_name(".ready").touch()
    locks = ("requirements-dev.txt", "deploy/requirements.txt")
    for name in (*locks, ".ci/venv", *map(str, sorted(clone.glob(".ci/*.txt")))):
        os.utime(clone / name, (0, 0))
    tools.install(tmp_path / "bin", root, ("docker", "gh"))
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GDRIVE_"))},
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PORT": str(free_port()),
        "AWS_ENDPOINT_URL": account.url,
        "TOOLS_LOG": str(tmp_path / "log"),
        "API_URL": gateway.url,
    }
    context = {
        "secrets.GDRIVE_CREDENTIALS_DATA": "",
        "github.token": "token",
        "vars.AWS_DEPLOY_ROLE": "arn:aws:iam::123456789012:role/deploy",
        "vars.ALARM_EMAIL": "ranger@example.org",
    }
    return Runner(clone, environment, context)


def test_a_release_is_built_once_and_goes_by_digest_through_staging_to_prod(
    runner: Runner, jobs: dict[str, Any], account: Account
) -> None:
    assert runner.run(jobs["package"]), runner.text
    packaged = commands(runner)
    assert [line.split()[:3] for line in packaged] == [
        ["docker", "info"],
        ["sam", "build"],
        ["sam", "local", "start-api"],
        ["syft", "scan", "--quiet"],
        ["docker", "save", "--output"],
    ]
    assert "ok    golden[0]" in runner.text, "it was tested before anyone may deploy it"
    assert account.calls == [], "and nothing was requested of AWS"

    assert runner.run(jobs["staging"]), runner.text
    image = runner.outputs["steps.push.outputs.image"]
    assert re.fullmatch(re.escape(REPOSITORY) + "@sha256:[0-9a-f]{64}", image)
    staged = commands(runner)[len(packaged) :]
    assert [line.split()[:2] for line in staged] == [
        ["docker", "load"],
        ["docker", "image"],
        ["docker", "login"],
        ["docker", "tag"],
        ["docker", "push"],
        ["sam", "deploy"],
    ], "it is not built again"
    assert staged[-1].endswith(
        "Service=forest Stage=staging TrafficShift=AllAtOnce "
        f"AlarmEmail=ranger@example.org Image={image}"
    )

    runner.context["needs.staging.outputs.image"] = runner.value(
        jobs["staging"]["outputs"]["image"]
    )
    assert runner.run(jobs["prod"]), runner.text
    shipped = commands(runner)[len(packaged) + len(staged) :]
    assert shipped[1] == (
        f"gh attestation verify oci://{image} --repo someone/seedlings "
        "--signer-workflow someone/seedlings/.github/workflows/deploy.yml"
    )
    assert [line.split()[:2] for line in shipped] == [
        ["docker", "login"],
        ["gh", "attestation"],
        ["sam", "deploy"],
    ]
    assert "Stage=prod" in shipped[-1]
    assert shipped[-1].endswith(f"Image={image}")
    assert account.parameters("staging")["Image"] == account.parameters("prod")["Image"] == image
    assert f"prod runs `{image}`" in runner.summary
    assert "token" not in runner.summary


def test_a_release_that_fails_its_smoke_tests_is_rolled_back_and_the_summary_says_so(
    runner: Runner, jobs: dict[str, Any], account: Account, gateway: Gateway
) -> None:
    stage = "prod"
    before = account.release(stage, f"{'a' * 40}-{'1' * 12}-{'2' * 12}", gateway.url)
    release = f"{REPOSITORY}@{account.push('a-new-one')}"
    runner.context["needs.staging.outputs.image"] = release
    gateway.spoil = lambda _, answer: {**answer, "body": answer["body"].replace("ok", "bad")}

    assert runner.run(jobs[stage]) is False, runner.text
    assert runner.outcomes["smoke"] == "failure", runner.text
    assert runner.outcomes["Roll back after failed smoke tests"] == "success", runner.text
    assert account.parameters(stage) == {
        "Service": "forest",
        "Stage": stage,
        "Image": before,
        "TrafficShift": "AllAtOnce",
    }
    assert f"forest-{stage} runs {before}." in runner.summary
    assert "prod runs `" not in runner.summary


def test_staging_and_prod_deploy_and_roll_back_in_the_same_way(jobs: dict[str, Any]) -> None:
    def written(job: str, image: str) -> list[str]:
        steps = jobs[job]["steps"]
        first = [step.get("id") for step in steps].index("before")
        return [json.dumps(step).replace(job, "X").replace(image, "I") for step in steps[first:]]

    staging = written("staging", "steps.push.outputs.image")
    # prod's image is the one that staging hands on.
    prod = written("prod", "needs.staging.outputs.image")
    assert len(staging) == 5
    assert prod[:5] == staging


def test_a_release_that_the_stack_refuses_is_not_smoked_and_the_summary_says_so(
    runner: Runner, jobs: dict[str, Any], account: Account, gateway: Gateway
) -> None:
    before = account.release("prod", "before", gateway.url)
    runner.context["needs.staging.outputs.image"] = f"{REPOSITORY}@{account.push('new')}"
    runner.environment["FAIL"] = "sam deploy"

    assert runner.run(jobs["prod"]) is False
    assert "smoke" not in runner.outcomes
    assert "Roll back after failed smoke tests" not in runner.outcomes
    assert account.parameters("prod")["Image"] == before
    assert runner.summary.startswith("**prod refused this release.**")


def test_an_image_that_is_not_attested_never_reaches_prod(
    runner: Runner, jobs: dict[str, Any], account: Account
) -> None:
    runner.context["needs.staging.outputs.image"] = f"{REPOSITORY}@{account.push('foreign')}"
    runner.environment["FAIL"] = "gh attestation"

    assert runner.run(jobs["prod"]) is False
    assert not any(line.startswith("sam") for line in commands(runner))
    assert find_stack(account.client("cloudformation"), "forest-prod") is None


def test_a_repository_without_aws_is_green_and_says_why_nothing_is_deployed(
    runner: Runner, jobs: dict[str, Any]
) -> None:
    runner.context["vars.AWS_DEPLOY_ROLE"] = ""
    assert runner.run(jobs["package"]), runner.text
    assert "::notice title=Not deployed::AWS is not set up" in runner.text
    assert not any(line.startswith("docker save") for line in commands(runner))
    assert jobs["staging"]["if"] == "${{ vars.AWS_DEPLOY_ROLE != '' }}"
    assert jobs["prod"]["needs"] == "staging", "who is skipped takes along who needs it"


def test_only_the_jobs_that_talk_to_aws_may_sign_in_and_only_in_their_environment(
    jobs: dict[str, Any],
) -> None:
    found = {
        name: (job.get("environment"), job.get("needs"), job["permissions"])
        for name, job in jobs.items()
    }
    read = {"contents": "read"}
    assert found == {
        "test": (None, None, read),
        "package": ("google-drive", "test", read),
        "staging": ("staging", "package", read | {"id-token": "write", "attestations": "write"}),
        "prod": ("prod", "staging", read | {"id-token": "write", "attestations": "read"}),
    }


def test_retrain_grants_what_the_jobs_of_deploy_need(root: Path, jobs: dict[str, Any]) -> None:
    text = (root / ".github/workflows/retrain.yml").read_text()
    granted = yaml.safe_load(text)["jobs"]["deploy"]["permissions"]
    levels = ["read", "write"]
    needed: dict[str, str] = {}
    for job in jobs.values():
        for name, level in job["permissions"].items():
            needed[name] = max(needed.get(name, "read"), level, key=levels.index)
    assert granted == needed


def test_what_is_attested_is_the_digest_that_was_pushed(jobs: dict[str, Any]) -> None:
    attested = [
        step["with"]
        for step in jobs["staging"]["steps"]
        if step.get("uses", "").startswith("actions/attest@")
    ]
    subject = {
        "subject-name": "${{ steps.push.outputs.name }}",
        "subject-digest": "${{ steps.push.outputs.digest }}",
    }
    assert attested == [subject, subject | {"sbom-path": "build/sbom.json"}]


def test_a_rollback_needs_only_access_to_the_account(
    runner: Runner, root: Path, account: Account, gateway: Gateway
) -> None:
    before, _ = (account.release("prod", name, gateway.url) for name in ("before", "now"))
    text = (root / ".github/workflows/rollback.yml").read_text()
    job = yaml.safe_load(text)["jobs"]["rollback"]
    runner.context |= {
        "inputs.environment": "prod",
        "inputs.image": before.rpartition("@")[2],
        "inputs.now": "true",
    }
    assert runner.run(job), runner.text
    assert account.parameters("prod")["Image"] == before
    assert account.parameters("prod")["TrafficShift"] == "AllAtOnce"
    assert f"forest-prod runs {before}." in runner.summary
    assert not Path(runner.environment["TOOLS_LOG"]).exists(), "neither git nor docker nor sam"


def test_a_rescan_pulls_what_prod_runs(runner: Runner, root: Path, account: Account) -> None:
    text = (root / ".github/workflows/rescan.yml").read_text()
    assert runner.run(yaml.safe_load(text)["jobs"]["rescan"]), runner.text
    assert [line for line in commands(runner) if "live-prod" in line] == [
        f"docker pull --quiet {REPOSITORY}:live-prod",
        f"docker tag {REPOSITORY}:live-prod predictfunction:latest",
    ]
    assert commands(runner)[-1].startswith("syft scan --quiet docker:predictfunction:latest")
