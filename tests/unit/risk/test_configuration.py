"""What a configuration file is made of: openings in firewalls and statements of policies, in every spelling."""

import pytest

from earmark.risk.configuration import objects
from earmark.risk.engine import scan
from earmark.risk.objects import at
from earmark.risk.rules import load_default
from earmark.risk.source import Source
from earmark.text.syntax import parse


def found(text: str, kind: str, language: str = "terraform", paths: str = "") -> list[tuple[str, ...]]:
    """The texts at `paths` of every object of this kind."""
    tree = parse(text.encode(), language)
    assert tree is not None
    things = [t for t in objects(Source(text.encode(), tree, language, "a")) if t.kind == kind]
    return [tuple(" ".join(v.text for v in at(t.value, path)) for path in paths.split()) for t in things]


def openings(text: str, language: str = "terraform") -> list[tuple[str, ...]]:
    return found(text, "opening", language, "source from to")


INGRESS = "ingress {\n%s\n}"


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("aws_security_group", INGRESS % 'from_port = 2\nto_port = 5\ncidr_blocks = ["a", "b"]', "a 2 5 b 2 5"),
        ("aws_security_group", INGRESS % 'from_port = 0\nto_port = 0\ncidr_blocks = ["a"]', "a 0 65535"),
        ("aws_security_group", INGRESS.replace("in", "e") % 'cidr_blocks = ["a"]', ""),
        ("aws_security_group", INGRESS % "cidr_blocks = [var.a]", ""),
        ("aws_security_group_rule", 'type = "egress"\ncidr_blocks = ["a"]', ""),
        ("aws_vpc_security_group_egress_rule", 'cidr_ipv4 = "a"', ""),
        ("aws_network_acl_rule", 'rule_action = "deny"\ncidr_block = "a"', ""),
        ("azurerm_network_security_rule", 'source_address_prefix = "*"\ndestination_port_range = "8-9"', "* 8 9"),
        ("azurerm_network_security_rule", 'source_address_prefix = "*"\naccess = "Deny"', ""),
        ("google_compute_firewall", 'source_ranges = ["a"]\nallow {\n ports = ["22", "80-81"]\n}', "a 22 22 a 80 81"),
        ("google_compute_firewall", 'source_ranges = ["a"]\ndeny {\n ports = ["22"]\n}', ""),
        ("x_security_group_rule", 'port_range = "22/23"\npolicy = "accept"\ncidr_ip = "a"', "a 22 23"),
        ("aws_route", 'cidr_block = "a"', ""),
    ],
)  # fmt: skip
def test_an_opening_is_who_comes_in_and_where(kind: str, body: str, expected: str) -> None:
    text = f'resource "{kind}" "r" {{\n{body}\n}}\n'
    assert " ".join(word for opening in openings(text) for word in opening) == expected


def test_an_opening_of_a_stack() -> None:
    text = "Resources:\n  A:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      SecurityGroupIngress:\n"
    text += "      - {CidrIp: a, FromPort: 22, ToPort: 23}\n      SecurityGroupEgress:\n      - CidrIp: b\n"
    assert openings(text, "yaml") == [("a", "22", "23")]


@pytest.mark.parametrize(
    "text",
    [
        'policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "a:*" }] })',
        'policy = <<EOF\n{"Statement": [{"Effect": "Allow", "Action": "a:*", "Resource": "${b.c}"}]}\nEOF',
        'policy = "{\\"Statement\\": {\\"Effect\\": \\"Allow\\", \\"Action\\": \\"a:*\\"}}"',
    ],
)
def test_a_statement_is_read_in_every_spelling(text: str) -> None:
    resource = f'resource "aws_iam_policy" "p" {{\n{text}\n}}\n'
    assert found(resource, "iam-statement", paths="Effect Action") == [("Allow", "a:*")]


def test_a_policy_document_allows_unless_it_says_otherwise() -> None:
    text = 'data "aws_iam_policy_document" "p" {\n  statement {\n    actions = ["a:*"]\n  }\n}\n'
    assert found(text, "iam-statement", paths="Effect Action.[]") == [("Allow", "a:*")]


def test_a_statement_of_a_stack_is_found_once() -> None:
    text = "Resources:\n  A:\n    Type: T\n    Properties:\n      Policy:\n        Statement:\n"
    text += "        - {Effect: Deny, Action: 'a:*'}\n"
    assert found(text, "iam-statement", "yaml", "Effect Action") == [("Deny", "a:*")]


def test_a_text_that_is_no_policy_is_left_alone() -> None:
    assert found('resource "x_y" "p" {\n  policy = "Statement: {"\n}\n', "iam-statement") == []


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("FROM a:1 AS b\nFROM b\nFROM c\n", "earlier", ["", "true", ""]),
        ("FROM a:1 AS B\nCOPY --from=b x y\n", "itself", ["true"]),
        ("FROM a:1 AS b\nFROM c\nCOPY --from=b x y\n", "itself", ["", ""]),
        ("FROM a:1 AS b\nFROM c AS B\n", "twice", ["", "true"]),
        ("FROM a:1\nUSER root\nUSER app\n", "user", ["app"]),
        ("FROM a:1\nCMD a\nCMD b\nFROM b\nCMD c\n", "cmds", ["2", "1"]),
        ("ARG V\nFROM a:1\nFROM b\n", "final", ["", "true"]),
    ],
)
def test_a_stage_says_what_it_builds_on_and_how_it_ends(text: str, path: str, expected: list[str]) -> None:
    assert [stage[0] for stage in found(text, "stage", "dockerfile", path)] == expected


FLAGS = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: %s\n    command: %s\n"


@pytest.mark.parametrize(
    ("image", "command"),
    [("a:1", "[kube-apiserver, --a=b]"), ("a:1", '["/bin/kube-apiserver --a=b"]'), ("x/kube-apiserver:v1", "[--a=b]")],
)
def test_a_control_plane_program_says_its_flags(image: str, command: str) -> None:
    assert found(FLAGS % (image, command), "kube-apiserver", "yaml", "a") == [("b",)]


def test_a_pod_of_the_control_plane_is_not_judged_as_a_workload() -> None:
    text = FLAGS % ("a:1", "[kubelet]")
    assert not found(text, "pod", "yaml")
    assert len(found(text, "control-pod", "yaml")) == 1


def test_what_a_stack_says_for_all_its_functions_counts_for_each() -> None:
    text = "%sResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: a}\n"
    kind, path = "AWS::Serverless::Function", "__companion__"
    assert found(text % "", kind, "yaml", path) == [("",)]
    assert found(text % "Globals:\n  Function: {Tracing: Active}\n", kind, "yaml", path) == [(kind,)]


def test_a_gitlab_job_has_scripts() -> None:
    text = "stages: [a]\nclean:\n  script:\n  - rm -rf /srv/shop\n"
    assert found(text, "gitlab-job", "yaml", "script.[]") == [("rm -rf /srv/shop",)]
    findings, errors = scan(text.encode(), "yaml", ".gitlab-ci.yml", rules=load_default())
    assert not errors
    assert [f.rule for f in findings] == ["sh-rm-recursive"]


@pytest.mark.parametrize(
    ("kind", "container", "expected"),
    [
        ("Deployment", "{name: a, image: 'b:1'}", "container"),
        ("Deployment", "{name: a}", "job-container"),
        ("Job", "{name: a, image: 'b:1'}", "job-container"),
    ],
)
def test_only_a_lasting_container_with_an_image_is_asked_for_limits(kind: str, container: str, expected: str) -> None:
    text = f"apiVersion: v1\nkind: {kind}\nspec:\n  template:\n    spec:\n      containers:\n      - {container}\n"
    assert found(text, expected, "yaml", "name") == [("a",)]


def test_a_policy_file_is_read_as_json() -> None:
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}\n'
    findings, errors = scan(text.encode(), "json", "policies/admin.json", rules=load_default())
    assert not errors
    assert [f.rule for f in findings] == ["iam-wildcard"]
