"""An AWS account to act in: moto's, in this process and, for other processes, over HTTP."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.models import botocore_stubber

from deploy.bootstrap import GITHUB, prepare_account
from deploy.configuration import Configuration, Environment
from deploy.history import ALIAS
from deploy.image import find_digest
from tests.local_server import running

REGION = "eu-west-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "MOTO_LAMBDA_STUB_ECR": "false",
}
SERVICE = "forest"
REPOSITORY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{SERVICE}"

_REFUSAL = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>"
    b"<Message>No transform is known here</Message></Error></ErrorResponse>"
)
Invoke = Callable[[str, bytes], tuple[dict[str, str], bytes]]
"""A function's version and its payload in; headers and payload out."""


def configuration(environment: str) -> Configuration:
    """An environment of the service as samconfig.toml would describe it."""
    named = Environment(environment)
    parameters = {"Service": SERVICE, "Stage": environment}
    return Configuration(named, f"{SERVICE}-{environment}", SERVICE, parameters)


def template(environment: str, url: str, key: str) -> dict[str, Any]:
    """A stack with the parameters and outputs of template.yaml, and hardly anything in it."""
    outputs = {
        "EncryptionKey": "arn:aws:kms:eu-west-1:123456789012:key/0",
        "Topic": f"arn:aws:sns:eu-west-1:123456789012:{SERVICE}-{environment}-Topic",
        "Url": url,
        "KeyId": key,
        "Function": f"{SERVICE}-{environment}",
        "Image": {"Ref": "Image"},
    }
    return {
        "Parameters": {
            "Service": {"Type": "String"},
            "Stage": {"Type": "String"},
            "Image": {"Type": "String"},
            "TrafficShift": {"Type": "String"},
        },
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"DisplayName": {"Ref": "Image"}},
            }
        },
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


@dataclass
class Account:
    """Clients of an account of moto's, and what releases leave in one."""

    url: str = ""
    """Where other processes find it: AWS_ENDPOINT_URL."""
    reports: list[dict[str, str]] = field(default_factory=list)
    """What was said to CodeDeploy, which moto does not play."""
    calls: list[str] = field(default_factory=list)
    """The requests of other processes: services and operations, in order."""
    change_sets: list[dict[str, str]] = field(default_factory=list)
    """The change sets that CloudFormation was to prepare, by the names of their form. Each is
    refused: moto knows no transform."""
    concurrency: int = 1000
    """How many functions the account runs at a time."""
    invoke: Invoke = lambda _version, _payload: ({}, b"{}")
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=REGION)
        return self._clients[service]

    @property
    def clients(self) -> dict[str, Any]:
        names = ("apigateway", "cloudformation", "ecr", "iam", "lambda")
        return {name: self.client(name) for name in names}

    def prepare(self, *environments: str) -> None:
        """What `make bootstrap` leaves, from the templates that ship."""
        # moto's CloudFormation has no OIDC provider: another stack of the account made one.
        if not self.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            self.client("iam").create_open_id_connect_provider(Url=f"https://{GITHUB}")
        for environment in environments or ("staging",):
            with unsupported_by_moto():
                prepare_account(
                    configuration(environment), None, self.clients, lambda _line: None, pause=0
                )

    def role(self, environment: str) -> str:
        """The role that CloudFormation takes for an environment."""
        name = f"execution-{SERVICE}-{environment}-{REGION}"
        return str(self.client("iam").get_role(RoleName=name)["Role"]["Arn"])

    def tagged(self, tag: str) -> str:
        """The image that a tag of the repository names; empty where there is none."""
        return find_digest(self.client("ecr"), REPOSITORY, tag)

    def push(self, tag: str) -> str:
        """An image in the repository; returns its digest."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"size": 1, "digest": tag},
            "layers": [],
        }
        digest = f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"
        self.client("ecr").put_image(
            repositoryName=SERVICE,
            imageManifest=json.dumps(manifest),
            imageTag=tag,
            imageDigest=digest,
        )
        return digest

    def release(self, environment: str, tag: str, url: str = "https://api.example/staging/") -> str:
        """What a good release of an image leaves: the stack, a version, the alias on it."""
        digest = self.push(tag)
        image = f"{REPOSITORY}@{digest}"
        name = f"{SERVICE}-{environment}"
        self.stack(environment, image, url)
        functions = self.client("lambda")
        known = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
        if name in known:
            functions.update_function_code(FunctionName=name, ImageUri=f"{REPOSITORY}:{tag}")
            version = functions.publish_version(FunctionName=name)["Version"]
            functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
        else:
            role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
            functions.create_function(
                FunctionName=name,
                Role=role["Role"]["Arn"],
                PackageType="Image",
                Code={"ImageUri": f"{REPOSITORY}:{tag}"},
            )
            version = functions.publish_version(FunctionName=name)["Version"]
            functions.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
        return image

    def stack(self, environment: str, image: str, url: str) -> None:
        """The stack with an image, made or updated."""
        cloudformation = self.client("cloudformation")
        name = f"{SERVICE}-{environment}"
        known = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
        change = cloudformation.update_stack if name in known else cloudformation.create_stack
        shift = "Canary10Percent5Minutes"
        parameters = {
            "Service": SERVICE,
            "Stage": environment,
            "Image": image,
            "TrafficShift": shift,
        }
        change(
            StackName=name,
            TemplateBody=json.dumps(template(environment, url, self._key(name))),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

    def supervision(self, environment: str, image: str) -> None:
        """The second stack of an environment, with an image."""
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Image"}}}
        body = {
            "Parameters": {name: {"Type": "String"} for name in ("Image", "Stage")},
            "Resources": {"Topic": topic},
        }
        values = {"Image": image, "Stage": environment}
        self.client("cloudformation").create_stack(
            StackName=f"{SERVICE}-{environment}-supervision",
            TemplateBody=json.dumps(body),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
            ],
        )

    def has_stack(self, name: str) -> bool:
        """Whether there is a stack of this name."""
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        return name in {each["StackName"] for each in stacks}

    def _key(self, name: str) -> str:
        gateway = self.client("apigateway")
        known = gateway.get_api_keys(nameQuery=name)["items"]
        made = known[0] if known else gateway.create_api_key(name=name, enabled=True)
        return str(made["id"])

    def parameters(self, environment: str, suffix: str = "") -> dict[str, str]:
        """The parameters that a stack has now."""
        (stack,) = self.client("cloudformation").describe_stacks(
            StackName=f"{SERVICE}-{environment}{suffix}"
        )["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


@contextmanager
def unsupported_by_moto() -> Iterator[None]:
    """Silences what moto's CloudFormation says of resources that it skips."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tried to parse AWS::")
        yield


@contextmanager
def opened() -> Iterator[Account]:
    """An empty account, in this process and at a port of 127.0.0.1."""
    with mock_aws():
        account = Account()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _proxy(account))
        account.url = f"http://127.0.0.1:{server.server_port}"
        with running(server):
            yield account


def _proxy(account: Account) -> type[BaseHTTPRequestHandler]:
    class Proxy(BaseHTTPRequestHandler):
        """Passes requests of AWS's clients on to moto, by the service they were signed for."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass()

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, answer = self._answer(body)
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "server", "date"):
                    self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _answer(self, body: bytes) -> tuple[int, dict[str, Any], bytes]:
            signed = re.search(
                r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers["authorization"]
            )
            assert signed, "not signed"
            service = {"ecr": "api.ecr"}.get(signed[1], signed[1])
            target = self.headers.get("x-amz-target", "").rpartition(".")[2]
            action = re.search(rb"Action=(\w+)", body)
            named = target or (action[1].decode() if action else f"{self.command} {self.path}")
            account.calls.append(f"{signed[1]} {named}")
            if named == "PutLifecycleEventHookExecutionStatus":
                account.reports.append(json.loads(body))
                return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"
            if named == "CreateChangeSet":
                account.change_sets.append(dict(parse_qsl(body.decode())))
                return 400, {"Content-Type": "text/xml"}, _REFUSAL
            if "/account-settings" in self.path:  # moto has none
                limit = {"AccountLimit": {"ConcurrentExecutions": account.concurrency}}
                return 200, {"Content-Type": "application/json"}, json.dumps(limit).encode()
            if invoked := re.fullmatch(r"/2015-03-31/functions/(.+)/invocations", self.path):
                more, answer = account.invoke(invoked[1], body)
                return 200, more, answer
            headers = HTTPHeaders()
            for name, value in self.headers.items():
                if name.lower() != "host":
                    headers[name] = value
            url = f"https://{service}.{REGION}.amazonaws.com{self.path}"
            request = AWSPreparedRequest(self.command, url, headers, body, stream_output=False)
            done = botocore_stubber.process_request(request)
            assert done, f"moto does not know {url}"
            answered = done[2].encode() if isinstance(done[2], str) else done[2]
            return int(done[0]), dict(done[1]), answered

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Proxy
