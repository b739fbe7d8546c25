"""GitLab, Gitea and Gerrit as far as a review request meets them, from their documentation."""

from __future__ import annotations

import json
from typing import Any

from forge_server import Call, Reply, Service, paged


class GitLabService(Service):
    """One project. `people` are usernames with ids from 11; an update replaces the list of reviewers; `told` counts."""

    contract = "gitlab"

    def __init__(self, *, people: tuple[str, ...] = ("ada", "bob")) -> None:
        super().__init__()
        self.ids = {name: 11 + i for i, name in enumerate(people)}
        self.merges: list[dict[str, Any]] = []
        self.told: dict[str, int] = {}
        self.url = ""
        self.on("GET", "/users", self.users)
        self.on("GET", "/user", lambda call, _: Reply(200, {"username": "ada"}))
        self.on("GET", "/projects/{id}/merge_requests", self.listed)
        self.on("POST", "/projects/{id}/merge_requests", self.create)
        self.on("GET", "/groups/{id}/members/all", self.members)
        self.on("GET", "/projects/{id}/repository/commits/{sha}/merge_requests", self.of_commit)
        self.on("PUT", "/projects/{id}/merge_requests/{iid}", self.change)
        self.reviewers: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        part = "/projects/{id}/merge_requests/{iid}"
        self.on("GET", f"{part}/reviewers", lambda call, _: Reply(200, self.reviewers))
        self.on("GET", f"{part}/versions", lambda call, _: paged(call, self.versions, self.url))
        self.on("GET", f"{part}/notes", lambda call, _: paged(call, self.notes, self.url))

    def users(self, call: Call, _: dict[str, str]) -> Reply:
        """The service matches without regard to case, and never part of a name."""
        wanted = call.query["username"][0].lower()
        return Reply(200, [{"id": id_, "username": name} for name, id_ in self.ids.items() if name.lower() == wanted])

    def listed(self, call: Call, given: dict[str, str]) -> Reply:
        assert given["id"] == "g/sub/p"
        if "reviewer_username" in call.query:
            wanted = call.query["reviewer_username"][0]
            waits = [m for m in self.merges if wanted in [user["username"] for user in m["reviewers"]]]
            return paged(call, [{**m, "title": "T"} for m in waits], self.url)
        source, target = call.query["source_branch"][0], call.query["target_branch"][0]
        found = [m for m in self.merges if (m["source_branch"], m["target_branch"]) == (source, target)]
        return paged(call, list(reversed(found)), self.url)

    def members(self, call: Call, given: dict[str, str]) -> Reply:
        """Of the group `g/seniors`; one of them is blocked."""
        if given["id"] != "g/seniors":
            return Reply(404, {"message": "404 Group Not Found"})
        people = [{"username": name, "name": name.title(), "state": "active"} for name in self.ids]
        return paged(call, [*people, {"username": "gone", "name": "Gone", "state": "blocked"}], self.url)

    def of_commit(self, call: Call, given: dict[str, str]) -> Reply:
        return paged(call, [merge for merge in self.merges if merge.get("sha") == given["sha"]], self.url)

    def create(self, call: Call, _: dict[str, str]) -> Reply:
        key = (call.body["source_branch"], call.body["target_branch"])
        if any((m["source_branch"], m["target_branch"]) == key and m["state"] == "opened" for m in self.merges):
            return Reply(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        if call.body["source_branch"] == "gone":
            return Reply(422, {"message": {"source_branch": ["does not exist"]}})
        merge = self.open_merge(*key, call.body.get("description", ""))
        merge["labels"] = [label for label in call.body.get("labels", "").split(",") if label]
        self._ask(merge, call.body.get("reviewer_ids", []))
        return Reply(201, merge)

    def open_merge(self, source: str, target: str, description: str, state: str = "opened") -> dict[str, Any]:
        number = len(self.merges) + 1
        merge = {
            "iid": number, "web_url": f"https://gitlab.com/g/sub/p/-/merge_requests/{number}", "state": state,
            "source_branch": source, "target_branch": target, "description": description, "labels": [], "reviewers": [],
        }  # fmt: skip
        self.merges.append(merge)
        return merge

    def _ask(self, merge: dict[str, Any], ids: list[int]) -> None:
        names = {id_: name for name, id_ in self.ids.items()}
        before = {user["id"] for user in merge["reviewers"]}
        merge["reviewers"] = [{"id": id_, "username": names[id_]} for id_ in ids]
        for id_ in ids:
            if id_ not in before:
                self.told[names[id_]] = self.told.get(names[id_], 0) + 1

    def change(self, call: Call, given: dict[str, str]) -> Reply:
        merge = self.merges[int(given["iid"]) - 1]
        if "description" in call.body:
            merge["description"] = call.body["description"]
        merge["labels"] += [label for label in call.body.get("add_labels", "").split(",") if label]
        if "reviewer_ids" in call.body:
            self._ask(merge, call.body["reviewer_ids"])
        return Reply(200, merge)


class GiteaService(Service):
    """One repository, `o/r`; the listing has no filter by branch; labels must exist."""

    contract = "gitea"

    def __init__(self, *, people: tuple[str, ...] = ("ada",), labels: tuple[str, ...] = ("ai-assisted",)) -> None:
        super().__init__()
        self.people = people
        self.known = labels
        self.pulls: list[dict[str, Any]] = []
        self.told: dict[str, int] = {}
        self.url = ""
        base = "/repos/{owner}/{repo}"
        self.on("GET", "/user", lambda call, _: Reply(200, {"login": "ada"}))
        self.on("GET", f"{base}/pulls", lambda call, _: paged(call, list(reversed(self.pulls)), self.url))
        self.on("POST", f"{base}/pulls", self.create)
        self.on("PATCH", f"{base}/pulls/{{pull_number}}", self.change)
        self.on(
            "GET", f"{base}/pulls/{{pull_number}}/reviews", lambda call, given: Reply(200, self._pull(given)["seen"])
        )
        self.on("POST", f"{base}/pulls/{{pull_number}}/requested_reviewers", self.ask)
        self.on("POST", f"{base}/issues/{{issue_number}}/labels", self.label)
        teams = [{"id": 3, "name": "Owners"}, {"id": 5, "name": "seniors"}]
        self.on("GET", "/orgs/{org}/teams", lambda call, _: paged(call, teams, self.url))
        everybody = [{"login": name, "full_name": ""} for name in people]
        self.on("GET", "/teams/5/members", lambda call, _: paged(call, everybody, self.url))

    def open_pull(self, head: str, base: str, body: str = "", state: str = "open") -> dict[str, Any]:
        number = len(self.pulls) + 1
        pull = {
            "number": number, "html_url": f"https://gitea.com/o/r/pulls/{number}", "state": state, "merged": False,
            "body": body, "head": {"ref": head, "repo": {"owner": {"login": "o"}}}, "base": {"ref": base},
            "user": {"login": "dev"}, "labels": [], "requested_reviewers": [], "requested_reviewers_teams": [],
            "seen": [],
        }  # fmt: skip
        self.pulls.append(pull)
        return pull

    def _pull(self, given: dict[str, str]) -> dict[str, Any]:
        return self.pulls[int(given.get("pull_number") or given["issue_number"]) - 1]

    def create(self, call: Call, _: dict[str, str]) -> Reply:
        if any(p["head"]["ref"] == call.body["head"] and p["state"] == "open" for p in self.pulls):
            return Reply(409, {"message": "pull request already exists for these targets"})
        return Reply(201, self.open_pull(call.body["head"], call.body["base"], call.body["body"]))

    def change(self, call: Call, given: dict[str, str]) -> Reply:
        self._pull(given).update(call.body)
        return Reply(201, self._pull(given))

    def ask(self, call: Call, given: dict[str, str]) -> Reply:
        pull = self._pull(given)
        for name in call.body.get("reviewers", []):
            if name not in self.people:
                return Reply(404, {"message": f"user does not exist [name: {name}]"})
            if name not in [user["login"] for user in pull["requested_reviewers"]]:
                pull["requested_reviewers"].append({"login": name})
                self.told[name] = self.told.get(name, 0) + 1
        if call.body.get("team_reviewers"):
            return Reply(422, {"message": "repository does not belong to an organization"})
        return Reply(201, [])

    def label(self, call: Call, given: dict[str, str]) -> Reply:
        unknown = [name for name in call.body["labels"] if name not in self.known]
        if unknown:
            return Reply(404, {"message": "label does not exist"})
        self._pull(given)["labels"] += [{"name": name} for name in call.body["labels"]]
        return Reply(200, self._pull(given)["labels"])


class GerritService(Service):
    """Changes that a push made, listed with the prefix that guards its JSON; messages are added by review."""

    contract = "gerrit"

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[dict[str, Any]] = []
        self.on("GET", "/a/changes/", self.listed)
        self.on("POST", "/a/changes/{change}/revisions/current/review", self.review)
        ada = {"_account_id": 1, "name": "Ada", "email": "ada@example.com", "username": "ada"}
        self.on("GET", "/a/groups/seniors/members/", lambda call, _: Reply(200, [ada]))

    def pushed(self, commit: str, topic: str) -> None:
        for change in self.changes:
            if change["topic"] == topic:
                change["current_revision"] = commit
                return
        number = len(self.changes) + 1
        self.changes.append({"_number": number, "current_revision": commit, "topic": topic, "messages": []})

    def listed(self, call: Call, _: dict[str, str]) -> Reply:
        query = call.query["q"][0]
        if query.startswith("commit:"):
            commit = query.removeprefix("commit:").partition(" ")[0]
            return Reply(200, [change for change in self.changes if change["current_revision"] == commit])
        if "topic:" not in query:
            return Reply(200, [{**c, "subject": "T"} for c in self.changes])
        topic = query.split('topic:"')[1].split('"')[0]
        return Reply(200, [change for change in self.changes if change["topic"] == topic])

    def review(self, call: Call, given: dict[str, str]) -> Reply:
        change = self.changes[int(given["change"]) - 1]
        text = f"Patch Set 1:\n\n{call.body['message']}"
        change["messages"].append({"message": text.rstrip()})
        return Reply(200, {})


def guarded(body: Any) -> bytes:
    """A body as Gerrit sends it."""
    return b")]}'\n" + json.dumps(body).encode()
