# Uses the client that openapi-python-client generates from the document: every group of operations, as a program would.

import datetime
import json
import os
import urllib.parse

from deploytrack_client import AuthenticatedClient
from deploytrack_client.api.badges import show_badge
from deploytrack_client.api.components import archive_components, create_component, list_components, update_component
from deploytrack_client.api.deployments import (
    count_deployments_by_day,
    export_deployments,
    list_deployments,
    list_latest,
    list_unsettled,
    record_deployment,
    show_deployment,
    show_history,
    show_matrix,
    undeploy,
    update_deployment,
)
from deploytrack_client.api.environments import create_environment, delete_environment, list_environments, order_environments
from deploytrack_client.api.server import live, ready, verify
from deploytrack_client.api.sessions import issue_login_code, show_session
from deploytrack_client.api.walls import create_wall, list_walls, revoke_wall
from deploytrack_client.models import (
    ArchiveSelection,
    ComponentChange,
    DeploymentChange,
    EnvironmentOrder,
    EnvironmentType,
    Event,
    Imported,
    ImportedDeployment,
    InitialStatus,
    NewComponent,
    NewDeployment,
    NewEnvironment,
    NewWall,
    Problem,
    Status,
    Undeploy,
)


class DeploytrackError(Exception):
    def __init__(self, problem):
        super().__init__(problem.detail)
        self.problem = problem


def done(answer):
    """The answer, unless the server refused the request."""
    if isinstance(answer, Problem):
        raise DeploytrackError(answer)
    return answer


def all_deployments(client, **filters):
    """Every deployment that matches, page by page."""
    query = filters | {"take": 2}
    while True:
        page = done(list_deployments.sync(client=client, **query))
        yield from page.data
        if page.next_ is None:
            return
        after = dict(urllib.parse.parse_qsl(page.next_.lstrip("?")))
        query = filters | {"take": int(after["take"]), "cursor": after["cursor"]}


def imported_lines(client, lines):
    """Imports lines. The generated function cannot: it compares its body with `list[...]`, which Python refuses."""
    text = "".join(json.dumps(line.to_dict()) + "\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.get_httpx_client().post("/api/v1/deployments/import", content=text, headers=headers)
    return Imported.from_dict(answer.raise_for_status().json())


def first_event(client):
    """The first event that the server has recorded."""
    with client.get_httpx_client().stream("GET", "/api/v1/events", params={"after": 0}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                return Event.from_dict(json.loads(line.removeprefix("data: ")))


def main():
    client = AuthenticatedClient(base_url=os.environ["DEPLOYTRACK_URL"], token=os.environ["DEPLOYTRACK_TOKEN"])
    assert live.sync(client=client).status == "ok"
    assert ready.sync(client=client).status == "ready"

    # Components and environments.
    new = NewComponent(name="python-client", owner="team-a", kind="service")
    component = done(create_component.sync(client=client, body=new))
    change = ComponentChange(description="Written by the generated client.")
    changed = done(update_component.sync(client=client, id=component.id, body=change))
    assert changed.description == "Written by the generated client." and changed.owner == "team-a", changed
    assert done(list_components.sync(client=client, name="Python-Client")).data == [changed]
    for name, of_type in (("python-staging", EnvironmentType.STAGING), ("python-production", EnvironmentType.PRODUCTION)):
        done(create_environment.sync(client=client, body=NewEnvironment(name=name, type_=of_type)))
    names = [environment.name for environment in done(list_environments.sync(client=client)).data]
    ordered = done(order_environments.sync(client=client, body=EnvironmentOrder(names=names[::-1])))
    assert [environment.name for environment in ordered] == names[::-1], ordered

    # A deployment from its start to its end.
    new = NewDeployment(component="python-client", environment="python-staging", version="v1", commit_sha="ed52224")
    recorded = done(record_deployment.sync(client=client, body=new, idempotency_key="python-client-v1"))
    assert recorded.status == Status.PENDING and recorded.attempt == 1, recorded
    again = done(record_deployment.sync(client=client, body=new, idempotency_key="python-client-v1"))
    assert again.id == recorded.id, again
    unsettled = done(list_unsettled.sync(client=client, component=["python-client"]))
    assert [deployment.id for deployment in unsettled] == [recorded.id], unsettled
    for status in (Status.IN_PROGRESS, Status.SUCCEEDED):
        moved = done(update_deployment.sync(client=client, id=recorded.id, body=DeploymentChange(status=status)))
        assert moved.status == status, moved
    assert done(show_deployment.sync(client=client, id=recorded.id)) == moved
    history = done(show_history.sync(client=client, id=recorded.id))
    assert [entry.to for entry in history] == [Status.PENDING, Status.IN_PROGRESS, Status.SUCCEEDED], history

    # A deployment that is over, and two that happened long ago.
    new = NewDeployment(
        component_id=component.id, environment="python-production", version="v1", status=InitialStatus.SUCCEEDED
    )
    done(record_deployment.sync(client=client, body=new))
    past = [
        ImportedDeployment(
            component="python-client",
            environment="python-staging",
            version=version,
            status="succeeded",
            occurred_at=datetime.datetime(2025, 6, day, 12, tzinfo=datetime.UTC),
        )
        for day, version in ((1, "v0.1"), (2, "v0.2"))
    ]
    imported = imported_lines(client, past)
    assert (imported.recorded, imported.skipped) == (2, 0), imported

    # What is current, what happened, and how often.
    matrix = done(show_matrix.sync(client=client, component=["python-client"], gaps=True))
    cell = matrix[0].environments["python-staging"]
    assert (cell.version, cell.deployment_id, cell.commit_sha) == ("v1", recorded.id, "ed52224"), cell
    latest = done(list_latest.sync(client=client, component="python-client"))
    assert [deployment.version for deployment in latest] == ["v1", "v1"], latest
    versions = [deployment.version for deployment in all_deployments(client, component="python-client")]
    assert sorted(versions) == ["v0.1", "v0.2", "v1", "v1"], versions
    days = done(count_deployments_by_day.sync(client=client, days=2, component="python-client"))
    assert sum(day.succeeded for day in days) == 2, days
    lines = done(export_deployments.sync(client=client, component="python-client")).splitlines()
    assert [json.loads(line)["version"] for line in lines] == ["v1", "v1", "v0.1", "v0.2"], lines
    assert first_event(client).id == 1

    # A transition that is not legal, and a name that does not exist.
    refused = update_deployment.sync(client=client, id=recorded.id, body=DeploymentChange(status=Status.PENDING))
    assert isinstance(refused, Problem), refused
    assert refused.status == 400 and refused.code == "invalid_transition", refused
    assert refused.allowed_transitions == [Status.ROLLED_BACK], refused
    try:
        done(list_latest.sync(client=client, component="no-such-component"))
    except DeploytrackError as error:
        assert error.problem.code == "not_found" and error.problem.kind == "component", error
    else:
        raise AssertionError("an unknown component was found")

    # The end: undeployed, archived, deleted.
    gone = done(undeploy.sync(client=client, id=recorded.id, body=Undeploy(reason="moved")))
    assert gone.status == Status.SUCCEEDED, gone
    archived = done(archive_components.sync(client=client, body=ArchiveSelection(name="python-*", dry_run=True)))
    assert [one.name for one in archived.data] == ["python-client"], archived
    spare = done(create_environment.sync(client=client, body=NewEnvironment(name="python-spare")))
    assert done(delete_environment.sync(client=client, id=spare.id)) is None

    # Badges, sessions, walls, and the check of the whole database.
    assert show_badge.sync("python-client", "python-production", client=client).startswith("<svg")
    assert done(show_session.sync(client=client)).role == "admin"
    assert done(issue_login_code.sync(client=client)).code.startswith("dtc_")
    wall = done(create_wall.sync(client=client, body=NewWall(name="python-wall", view="env=production")))
    assert wall.secret.startswith("dtw_"), wall
    assert [one.name for one in done(list_walls.sync(client=client)).data] == ["python-wall"]
    assert done(revoke_wall.sync("python-wall", client=client)) is None
    assert done(verify.sync(client=client)).ok


main()
