"""Gerrit: submit requirements, for `project.config` on `refs/meta/config`."""

from __future__ import annotations

from earmark.gate.export.artifact import Artifact
from earmark.policy.model import Policy
from earmark.trailers.vocabulary import ASSISTED, ASSISTED_BY, GENERATED_BY, REVIEW


def export(policy: Policy) -> tuple[Artifact, ...]:
    """One fragment. `hasfooter` compares keys exactly, so the spelling is the vocabulary's."""
    parts = [_LABEL, *(_requirement(*wanted) for wanted in _requirements(policy))]
    use = "append to project.config of refs/meta/config; the job that runs `earmark check --phase merge` votes Earmark"
    return (Artifact("gerrit/project.config", "\n".join(parts), use),)


def _requirements(policy: Policy) -> list[tuple[str, str, str, str]]:
    found = [("Earmark", "earmark check passed on this patch set", "", "label:Earmark=MAX AND -label:Earmark=MIN")]
    ours = policy.declare.preset == "earmark"
    if policy.declare.mode == "forbid":
        refused = f'-footer:"{ASSISTED}=yes"' + ("" if ours else f" AND -hasfooter:{ASSISTED_BY}")
        refused += "" if ours else f" AND -hasfooter:{GENERATED_BY}"
        found.append(("AI-Forbidden", "AI changes are forbidden here", "", refused))
    elif ours:
        if policy.declare.mode == "always":
            said = (f"every change says {ASSISTED}: yes or no", "-is:merge", f"hasfooter:{ASSISTED}")
            found.append(("AI-Declared", *said))
        agreed = "label:Code-Review=MAX,user=non_uploader AND -label:Code-Review=MIN"
        found.append(("AI-Review", "somebody else agreed", f'footer:"{REVIEW}=required"', agreed))
    return found


def _requirement(name: str, about: str, applies: str, submittable: str) -> str:
    lines = [f'[submit-requirement "{name}"]', f"\tdescription = {about}"]
    # git's config syntax: quotes inside a value are escaped.
    lines += [f"\tapplicableIf = {_escaped(applies)}"] if applies else []
    lines += [f"\tsubmittableIf = {_escaped(submittable)}", "\tcanOverrideInChildProjects = false"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_LABEL = """\
[label "Earmark"]
\tfunction = NoBlock
\tvalue = -1 Refused
\tvalue = 0 Not judged
\tvalue = +1 Passed
\tdefaultValue = 0
"""
