"""GitHub as far as a review request meets it."""

from __future__ import annotations

from typing import Any

from forge_server import Call, Reply, Service, paged


class GitHubService(Service):
    """One repository, `o/r`. `author` opens the pull requests; `people` are collaborators, `teams` slugs; `told` counts
    the notifications each was sent. With `assigned` (slug to members) a team that is asked is replaced by the member
    whose turn it is, as GitHub's review assignment does."""

    contract = "github"

    def __init__(
        self, *, author: str = "dev", people: tuple[str, ...] = ("ada",), teams: tuple[str, ...] = ("core",)
    ) -> None:
        super().__init__()
        self.author = author
        self.people = people
        self.teams = teams
        self.pulls: list[dict[str, Any]] = []
        self.told: dict[str, int] = {}
        self.assigned: dict[str, list[str]] = {}
        self.url = ""
        base = "/repos/{owner}/{repo}"
        self.on("GET", f"{base}/issues/{{issue_number}}/events", self.events)
        self.on("GET", f"{base}/pulls", self.listed)
        self.on("POST", f"{base}/pulls", self.create)
        self.on("PATCH", f"{base}/pulls/{{pull_number}}", self.change)
        self.on("GET", f"{base}/commits/{{commit_sha}}/pulls", self.of_commit)
        self.on("GET", f"{base}/pulls/{{pull_number}}/requested_reviewers", self.requested)
        self.on("POST", f"{base}/pulls/{{pull_number}}/requested_reviewers", self.ask)
        self.on("GET", f"{base}/pulls/{{pull_number}}/reviews", self.reviews)
        self.on("POST", f"{base}/issues/{{issue_number}}/labels", self.label)
        self.on("GET", "/search/issues", self.search)
        self.on("GET", "/orgs/{org}/teams/{team_slug}/members", self.members)

    def open_pull(self, head: str, base: str, body: str = "", **more: Any) -> dict[str, Any]:
        """A pull request as it stands on the forge."""
        pull = {
            "number": len(self.pulls) + 1, "html_url": f"https://github.com/o/r/pull/{len(self.pulls) + 1}",
            "state": "open", "merged_at": None, "head": head, "base": base, "body": body,
            "user": {"login": self.author}, "labels": [], "waiting": [], "waiting_teams": [], "reviews": [],
            "events": [], **more,
        }  # fmt: skip
        self.pulls.append(pull)
        return pull

    def shown(self, pull: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in pull.items() if k not in ("waiting", "waiting_teams", "reviews", "events")}

    def listed(self, call: Call, given: dict[str, str]) -> Reply:
        head, base = call.query["head"][0], call.query["base"][0]
        found = [p for p in self.pulls if head in (p["head"], f"{given['owner']}:{p['head']}") and p["base"] == base]
        if call.query["state"][0] != "all":
            found = [p for p in found if p["state"] == call.query["state"][0]]
        return paged(call, [self.shown(p) for p in reversed(found)], self.url)

    def members(self, call: Call, given: dict[str, str]) -> Reply:
        logins = self.assigned.get(given["team_slug"])
        return paged(call, [{"login": login} for login in logins], self.url) if logins else Reply(404, {"message": "?"})

    def of_commit(self, call: Call, given: dict[str, str]) -> Reply:
        """Those whose branch is at the commit, or has it behind it (`commits`)."""
        found = [pull for pull in self.pulls if given["commit_sha"] in pull.get("commits", ())]
        return paged(call, [{**self.shown(p), "base": {"ref": p["base"]}} for p in found], self.url)

    def create(self, call: Call, _: dict[str, str]) -> Reply:
        same = [p for p in self.pulls if (p["head"], p["base"]) == (call.body["head"], call.body["base"])]
        if any(p["state"] == "open" for p in same):
            said = f"A pull request already exists for o:{call.body['head']}."
            return Reply(422, {"message": "Validation Failed", "errors": [{"message": said}]})
        if call.body["head"] == "gone":
            return Reply(422, {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]})
        pull = self.open_pull(call.body["head"], call.body["base"], call.body.get("body", ""))
        return Reply(201, self.shown(pull))

    def _pull(self, given: dict[str, str]) -> dict[str, Any]:
        return self.pulls[int(given.get("pull_number") or given["issue_number"]) - 1]

    def change(self, call: Call, given: dict[str, str]) -> Reply:
        self._pull(given).update(call.body)
        return Reply(200, self.shown(self._pull(given)))

    def requested(self, call: Call, given: dict[str, str]) -> Reply:
        pull = self._pull(given)
        users = [{"login": name} for name in pull["waiting"]]
        return Reply(200, {"users": users, "teams": [{"slug": slug} for slug in pull["waiting_teams"]]})

    def ask(self, call: Call, given: dict[str, str]) -> Reply:
        """All or nothing; the author cannot be asked; whoever is already asked is not told again."""
        pull = self._pull(given)
        people, teams = call.body.get("reviewers", []), call.body.get("team_reviewers", [])
        if self.author in people:
            return Reply(422, {"message": "Review cannot be requested from pull request author."})
        strangers = [name for name in people if name not in self.people] + [t for t in teams if t not in self.teams]
        if strangers:
            return Reply(422, {"message": "Reviews may only be requested from collaborators."})
        for team in teams:
            pull["events"].append({"event": "review_requested", "requested_team": {"slug": team}})
            members = self.assigned.get(team)
            if members:
                members.append(members.pop(0))
                people = [*people, members[-1]]
        teams = [team for team in teams if team not in self.assigned]
        for names, waiting in ((people, pull["waiting"]), (teams, pull["waiting_teams"])):
            for name in names:
                if name not in waiting:
                    waiting.append(name)
                    self.told[name] = self.told.get(name, 0) + 1
        return Reply(201, self.shown(pull))

    def events(self, call: Call, given: dict[str, str]) -> Reply:
        return paged(call, self._pull(given)["events"], self.url)

    def review(self, number: int, login: str, state: str, commit: str = "") -> None:
        """A person reviews and leaves the list of those who are waited for."""
        pull = self.pulls[number - 1]
        pull["waiting"] = [name for name in pull["waiting"] if name != login]
        pull["reviews"].append({"user": {"login": login}, "state": state, "commit_id": commit})

    def reviews(self, call: Call, given: dict[str, str]) -> Reply:
        return paged(call, self._pull(given)["reviews"], self.url)

    def search(self, call: Call, _: dict[str, str]) -> Reply:
        """`review-requested:LOGIN` in a whole account, or `@me` in one repository; the token is "dev"'s."""
        words = call.query["q"][0].split()
        assert words[:2] == ["is:open", "is:pr"]
        login = words[2].removeprefix("review-requested:").replace("@me", "dev")
        if login == "stranger":
            return Reply(422, {"message": "The listed users cannot be searched"})
        found = [p for p in self.pulls if p["state"] == "open" and login in p["waiting"]]
        return Reply(200, {"total_count": len(found), "items": [{**self.shown(p), "title": "T"} for p in found]})

    def label(self, call: Call, given: dict[str, str]) -> Reply:
        pull = self._pull(given)
        present = {label["name"] for label in pull["labels"]}
        pull["labels"] += [{"name": name} for name in call.body["labels"] if name not in present]
        return Reply(200, pull["labels"])
