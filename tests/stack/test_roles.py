"""Who may do what: each statement of both templates, so that a right is given in two places."""

from __future__ import annotations

import json

from tests.stack.conftest import Template, of_type, plain
from tests.stack.policies import Statement, statements

GITHUB = "token.actions.githubusercontent.com"

STACK = [
    Statement("PredictRole", {"Service": "lambda.amazonaws.com"}, "sts: AssumeRole", None, None),
    Statement("PredictRole", None, "logs: CreateLogStream PutLogEvents", "PredictLog.Arn", None),
    Statement("PredictRole", None, "xray: PutTelemetryRecords PutTraceSegments", "*", None),
    Statement(
        "ReleaseHookRole", {"Service": "lambda.amazonaws.com"}, "sts: AssumeRole", None, None
    ),
    Statement(
        "ReleaseHookRole", None, "logs: CreateLogStream PutLogEvents", "ReleaseHookLog.Arn", None
    ),
    Statement("ReleaseHookRole", None, "lambda: InvokeFunction", "${PredictFunction.Arn}:*", None),
    Statement(
        "ReleaseHookRole",
        None,
        "codedeploy: PutLifecycleEventHookExecutionStatus",
        "codedeploy:deploymentgroup:${ServerlessDeploymentApplication}/*",
        None,
    ),
    Statement(
        "ShiftRole",
        {"Service": "codedeploy.amazonaws.com"},
        "sts: AssumeRole",
        None,
        {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}},
    ),
    Statement(
        "ShiftRole",
        None,
        "lambda: GetAlias GetProvisionedConcurrencyConfig UpdateAlias",
        ["PredictFunction.Arn", "${PredictFunction.Arn}:*"],
        None,
    ),
    Statement("ShiftRole", None, "lambda: InvokeFunction", "ReleaseHook.Arn", None),
    Statement(
        "ShiftRole",
        None,
        "cloudwatch: DescribeAlarms",
        "cloudwatch:alarm:seedling-survival-${Stage}-*",
        None,
    ),
    Statement(
        "TopicPolicy",
        {"Service": "cloudwatch.amazonaws.com"},
        "sns: Publish",
        "Topic",
        {
            "StringEquals": {"aws:SourceAccount": "AWS::AccountId"},
            "ArnLike": {"aws:SourceArn": "cloudwatch:alarm:seedling-survival-${Stage}-*"},
        },
    ),
    Statement("EncryptionKey", {"AWS": "iam:root"}, "kms: *", "*", None),
    Statement(
        "EncryptionKey",
        {"Service": "cloudwatch.amazonaws.com"},
        "kms: Decrypt GenerateDataKey*",
        "*",
        None,
    ),
    Statement(
        "EncryptionKey",
        {"Service": "logs.${AWS::Region}.amazonaws.com"},
        "kms: Decrypt DescribeKey Encrypt GenerateDataKey* ReEncrypt*",
        "*",
        {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [
                    "logs:log-group:/aws/lambda/seedling-survival-${Stage}",
                    "logs:log-group:/aws/lambda/seedling-survival-${Stage}-hook",
                    "logs:log-group:/aws/apigateway/seedling-survival-${Stage}",
                ]
            }
        },
    ),
]
BOOTSTRAP = [
    Statement(
        "Images",
        {"Service": "lambda.amazonaws.com"},
        "ecr: BatchGetImage GetDownloadUrlForLayer",
        None,
        {
            "StringEquals": {"aws:SourceAccount": "AWS::AccountId"},
            "ArnLike": {"aws:SourceArn": "lambda:function:seedling-survival-*"},
        },
    ),
    Statement(
        "StagingRole",
        {"Federated": {"Fn::If": ["MakesProvider", "OidcProvider", "OidcProviderArn"]}},
        "sts: AssumeRoleWithWebIdentity",
        None,
        {
            "StringEquals": {
                f"{GITHUB}:aud": "sts.amazonaws.com",
                f"{GITHUB}:sub": "repo:${GitHubRepository}:environment:staging",
            }
        },
    ),
    Statement(
        "StagingRole",
        None,
        (
            "cloudformation: CancelUpdateStack ContinueUpdateRollback CreateChangeSet "
            "DeleteChangeSet DescribeChangeSet DescribeStackEvents DescribeStackResources "
            "DescribeStacks ExecuteChangeSet GetTemplate GetTemplateSummary ListStackResources "
            "UpdateStack"
        ),
        "cloudformation:stack/seedling-survival-staging/*",
        None,
    ),
    Statement(
        "StagingRole",
        None,
        (
            "lambda: GetAlias GetFunction GetFunctionConfiguration ListAliases "
            "ListVersionsByFunction"
        ),
        [
            "lambda:function:seedling-survival-staging",
            "lambda:function:seedling-survival-staging:*",
        ],
        None,
    ),
    Statement(
        "StagingRole",
        None,
        "apigateway: GET",
        "apigateway::/apikeys/*",
        {
            "StringEquals": {
                "aws:ResourceTag/application": "seedling-survival",
                "aws:ResourceTag/stage": "staging",
            }
        },
    ),
    Statement(
        "ProdRole",
        {"Federated": {"Fn::If": ["MakesProvider", "OidcProvider", "OidcProviderArn"]}},
        "sts: AssumeRoleWithWebIdentity",
        None,
        {
            "StringEquals": {
                f"{GITHUB}:aud": "sts.amazonaws.com",
                f"{GITHUB}:sub": "repo:${GitHubRepository}:environment:prod",
            }
        },
    ),
    Statement(
        "ProdRole",
        None,
        (
            "cloudformation: CancelUpdateStack ContinueUpdateRollback CreateChangeSet "
            "DeleteChangeSet DescribeChangeSet DescribeStackEvents DescribeStackResources "
            "DescribeStacks ExecuteChangeSet GetTemplate GetTemplateSummary ListStackResources "
            "UpdateStack"
        ),
        "cloudformation:stack/seedling-survival-prod/*",
        None,
    ),
    Statement(
        "ProdRole",
        None,
        (
            "lambda: GetAlias GetFunction GetFunctionConfiguration ListAliases "
            "ListVersionsByFunction"
        ),
        ["lambda:function:seedling-survival-prod", "lambda:function:seedling-survival-prod:*"],
        None,
    ),
    Statement(
        "ProdRole",
        None,
        "apigateway: GET",
        "apigateway::/apikeys/*",
        {
            "StringEquals": {
                "aws:ResourceTag/application": "seedling-survival",
                "aws:ResourceTag/stage": "prod",
            }
        },
    ),
    Statement(
        "DeployPolicy",
        None,
        "cloudformation: CreateChangeSet",
        "cloudformation:aws:transform/Serverless-2016-10-31",
        None,
    ),
    Statement(
        "DeployPolicy",
        None,
        "iam: PassRole",
        "ExecutionRole.Arn",
        {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    ),
    Statement(
        "DeployPolicy",
        None,
        (
            "ecr: BatchCheckLayerAvailability BatchGetImage DescribeImageScanFindings "
            "DescribeImages DescribeRepositories GetDownloadUrlForLayer ListImages"
        ),
        "Images.Arn",
        None,
    ),
    Statement(
        "DeployPolicy",
        None,
        "cloudformation: DescribeStacks",
        "cloudformation:stack/${AWS::StackName}/*",
        None,
    ),
    Statement("DeployPolicy", None, "ecr: GetAuthorizationToken", "*", None),
    Statement(
        "PushPolicy",
        None,
        "ecr: CompleteLayerUpload InitiateLayerUpload PutImage UploadLayerPart",
        "Images.Arn",
        None,
    ),
    Statement(
        "ExecutionRole", {"Service": "cloudformation.amazonaws.com"}, "sts: AssumeRole", None, None
    ),
    Statement(
        "ExecutionRole",
        None,
        "cloudformation: CreateChangeSet",
        "cloudformation:aws:transform/Serverless-2016-10-31",
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        (
            "lambda: AddPermission CreateAlias CreateFunction DeleteAlias DeleteFunction "
            "DeleteFunctionConcurrency DeleteProvisionedConcurrencyConfig GetAlias GetFunction "
            "GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionRecursionConfig "
            "GetFunctionScalingConfig GetPolicy GetProvisionedConcurrencyConfig "
            "GetRuntimeManagementConfig ListAliases ListTags ListVersionsByFunction "
            "PublishVersion PutFunctionConcurrency PutProvisionedConcurrencyConfig "
            "RemovePermission TagResource UntagResource UpdateAlias UpdateFunctionCode "
            "UpdateFunctionConfiguration"
        ),
        "lambda:function:seedling-survival-*",
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        "ecr: BatchGetImage GetDownloadUrlForLayer GetRepositoryPolicy",
        "Images.Arn",
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        "iam: CreateRole PutRolePermissionsBoundary PutRolePolicy",
        [
            "iam:role/seedling-survival-dev-*",
            "iam:role/seedling-survival-staging-*",
            "iam:role/seedling-survival-prod-*",
        ],
        {"StringEquals": {"iam:PermissionsBoundary": "Boundary"}},
    ),
    Statement(
        "ExecutionRole",
        None,
        (
            "iam: DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
            "ListRolePolicies ListRoleTags TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
            "UpdateRoleDescription"
        ),
        [
            "iam:role/seedling-survival-dev-*",
            "iam:role/seedling-survival-staging-*",
            "iam:role/seedling-survival-prod-*",
        ],
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        "iam: PassRole",
        [
            "iam:role/seedling-survival-dev-*",
            "iam:role/seedling-survival-staging-*",
            "iam:role/seedling-survival-prod-*",
        ],
        {
            "StringEquals": {
                "iam:PassedToService": ["lambda.amazonaws.com", "codedeploy.amazonaws.com"]
            }
        },
    ),
    Statement(
        "ExecutionRole",
        None,
        "iam: CreateServiceLinkedRole",
        "iam:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway",
        {"StringEquals": {"iam:AWSServiceName": "ops.apigateway.amazonaws.com"}},
    ),
    Statement(
        "ExecutionRole",
        None,
        "apigateway: DELETE GET PATCH POST PUT",
        [
            "apigateway::/apikeys",
            "apigateway::/apikeys/*",
            "apigateway::/domainnames",
            "apigateway::/domainnames/*",
            "apigateway::/restapis",
            "apigateway::/restapis/*",
            "apigateway::/tags/*",
            "apigateway::/usageplans",
            "apigateway::/usageplans/*",
        ],
        None,
    ),
    Statement("ExecutionRole", None, "acm: DescribeCertificate", "acm:certificate/*", None),
    Statement(
        "ExecutionRole",
        None,
        (
            "codedeploy: CreateApplication CreateDeployment CreateDeploymentGroup "
            "DeleteApplication DeleteDeploymentGroup GetApplication GetApplicationRevision "
            "GetDeployment GetDeploymentConfig GetDeploymentGroup ListTagsForResource "
            "RegisterApplicationRevision StopDeployment TagResource UntagResource "
            "UpdateDeploymentGroup"
        ),
        [
            "codedeploy:application:seedling-survival-*",
            "codedeploy:deploymentgroup:seedling-survival-*",
            "codedeploy:deploymentconfig:CodeDeployDefault.Lambda*",
        ],
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        (
            "cloudwatch: DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm "
            "TagResource UntagResource"
        ),
        "cloudwatch:alarm:seedling-survival-*",
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        (
            "cloudwatch: DeleteDashboards GetDashboard ListTagsForResource PutDashboard "
            "TagResource UntagResource"
        ),
        "cloudwatch:dashboard/seedling-survival-*",
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        (
            "logs: AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteMetricFilter "
            "DeleteRetentionPolicy DescribeIndexPolicies DescribeMetricFilters DisassociateKmsKey "
            "GetDataProtectionPolicy ListTagsForResource PutMetricFilter PutRetentionPolicy "
            "TagResource UntagResource"
        ),
        [
            "logs:log-group:/aws/lambda/seedling-survival-*",
            "logs:log-group:/aws/apigateway/seedling-survival-*",
        ],
        None,
    ),
    Statement("ExecutionRole", None, "logs: DescribeLogGroups", "logs:log-group:*", None),
    Statement(
        "ExecutionRole",
        None,
        (
            "sns: CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes "
            "GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource SetTopicAttributes "
            "Subscribe TagResource Unsubscribe UntagResource"
        ),
        "sns:seedling-survival-*",
        None,
    ),
    Statement(
        "ExecutionRole",
        None,
        "kms: CreateKey TagResource",
        "*",
        {"StringEquals": {"aws:RequestTag/application": "seedling-survival"}},
    ),
    Statement(
        "ExecutionRole",
        None,
        (
            "kms: DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus "
            "ListResourceTags PutKeyPolicy ScheduleKeyDeletion UntagResource UpdateKeyDescription"
        ),
        "kms:key/*",
        {"StringEquals": {"aws:ResourceTag/application": "seedling-survival"}},
    ),
    Statement(
        "Boundary",
        None,
        "logs: CreateLogStream PutLogEvents",
        "logs:log-group:/aws/lambda/seedling-survival-*",
        None,
    ),
    Statement("Boundary", None, "xray: PutTelemetryRecords PutTraceSegments", "*", None),
    Statement(
        "Boundary",
        None,
        "lambda: GetAlias GetProvisionedConcurrencyConfig InvokeFunction UpdateAlias",
        "lambda:function:seedling-survival-*",
        None,
    ),
    Statement(
        "Boundary",
        None,
        "codedeploy: PutLifecycleEventHookExecutionStatus",
        "codedeploy:deploymentgroup:seedling-survival-*",
        None,
    ),
    Statement(
        "Boundary", None, "cloudwatch: DescribeAlarms", "cloudwatch:alarm:seedling-survival-*", None
    ),
    Statement(
        "GatewayLogRole", {"Service": "apigateway.amazonaws.com"}, "sts: AssumeRole", None, None
    ),
]


def test_the_stack_gives_these_rights_and_no_others(prod: Template) -> None:
    assert sorted(map(str, statements(prod))) == sorted(map(str, STACK))


def test_the_bootstrap_gives_these_rights_and_no_others(bootstrap: Template) -> None:
    assert sorted(map(str, statements(bootstrap))) == sorted(map(str, BOOTSTRAP))


def test_what_can_be_named_is_named() -> None:
    anything = [
        (each.resource, each.actions, each.condition is not None)
        for each in (*STACK, *BOOTSTRAP)
        if each.targets == "*" and each.resource != "EncryptionKey"  # there `*` is the key itself
    ]
    assert anything == [
        ("PredictRole", "xray: PutTelemetryRecords PutTraceSegments", False),
        ("DeployPolicy", "ecr: GetAuthorizationToken", False),
        ("ExecutionRole", "kms: CreateKey TagResource", True),
        ("Boundary", "xray: PutTelemetryRecords PutTraceSegments", False),
    ]


def test_no_action_is_a_wildcard_but_in_the_key_s_own_policy() -> None:
    for each in (*STACK, *BOOTSTRAP):
        assert "*" not in each.actions or each.resource == "EncryptionKey"


def test_every_role_of_the_stack_stays_within_the_boundary(
    prod: Template, bootstrap: Template
) -> None:
    name = plain(bootstrap["Resources"]["Boundary"]["Properties"]["ManagedPolicyName"])
    roles = of_type(prod, "AWS::IAM::Role")

    assert set(roles) == {"PredictRole", "ReleaseHookRole", "ShiftRole"}
    for role in roles.values():
        properties = plain(role["Properties"])
        assert properties["PermissionsBoundary"] == f"iam:policy/{name}"
        assert "ManagedPolicyArns" not in properties
        assert "RoleName" not in properties


def test_a_workflow_is_let_in_by_its_environment_alone(bootstrap: Template) -> None:
    subjects = {}
    for name in ("StagingRole", "ProdRole"):
        role = bootstrap["Resources"][name]["Properties"]
        (statement,) = plain(role["AssumeRolePolicyDocument"])["Statement"]
        assert set(statement["Condition"]) == {"StringEquals"}
        subjects[name] = statement["Condition"]["StringEquals"][f"{GITHUB}:sub"]
        assert "*" not in subjects[name]
    assert subjects == {
        "StagingRole": "repo:${GitHubRepository}:environment:staging",
        "ProdRole": "repo:${GitHubRepository}:environment:prod",
    }


def test_images_are_scanned_encrypted_and_never_retagged(bootstrap: Template) -> None:
    repository = bootstrap["Resources"]["Images"]["Properties"]

    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["EncryptionConfiguration"] == {"EncryptionType": "KMS"}
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [(rule["rulePriority"], rule["selection"]) for rule in rules] == [
        (
            1,
            {
                "tagStatus": "tagged",
                "tagPrefixList": ["keep-"],
                "countType": "imageCountMoreThan",
                "countNumber": 1000,
            },
        ),
        (
            2,
            {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
        ),
        (3, {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30}),
    ]


def test_no_policy_is_longer_than_iam_takes(prod: Template, bootstrap: Template) -> None:
    for template in (prod, bootstrap):
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                assert length(properties["PolicyDocument"]) <= 6_144
            if resource["Type"] == "AWS::IAM::Role":
                inline = properties.get("Policies", [])
                assert sum(length(each["PolicyDocument"]) for each in inline) <= 10_240


def length(document: object) -> int:
    """Characters of a policy where all names are long; IAM does not count white space."""

    def written(value: object) -> object:
        match value:
            case {"Fn::Sub": str(text)}:
                for name in ("Partition", "Region", "AccountId"):
                    text = text.replace(f"${{AWS::{name}}}", "x" * 14)
                return text
            case {"Ref": _} | {"Fn::GetAtt": _}:
                return "x" * 120
            case dict():
                return {key: written(inner) for key, inner in value.items()}
            case list():
                return [written(inner) for inner in value]
        return value

    return len(json.dumps(written(document), separators=(",", ":")))
