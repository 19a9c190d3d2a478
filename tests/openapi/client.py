"""Uses the client that openapi-python-client generates from the document: records, reads the matrix, and gets a problem."""

import os

from deploytrack_client import AuthenticatedClient
from deploytrack_client.api.deployments import record_deployment, show_matrix, update_deployment
from deploytrack_client.models import Deployment, DeploymentChange, MatrixRow, NewDeployment, Problem, Status


def main():
    client = AuthenticatedClient(base_url=os.environ["DEPLOYTRACK_URL"], token=os.environ["DEPLOYTRACK_TOKEN"])
    new = NewDeployment(component="python-client", environment="staging", version="v1")
    recorded = record_deployment.sync(client=client, body=new)
    assert isinstance(recorded, Deployment), recorded
    assert recorded.status == Status.PENDING and recorded.attempt == 1, recorded

    for status in (Status.IN_PROGRESS, Status.SUCCEEDED):
        moved = update_deployment.sync(client=client, id=recorded.id, body=DeploymentChange(status=status))
        assert isinstance(moved, Deployment) and moved.status == status, moved

    matrix = show_matrix.sync(client=client, component=["python-client"])
    assert isinstance(matrix, list) and isinstance(matrix[0], MatrixRow), matrix
    cell = matrix[0].environments["staging"]
    assert cell.version == "v1", cell

    refused = update_deployment.sync(client=client, id=recorded.id, body=DeploymentChange(status=Status.PENDING))
    assert isinstance(refused, Problem), refused
    assert refused.status == 400 and refused.code == "invalid_transition", refused
    assert refused.allowed_transitions == [Status.ROLLED_BACK], refused


main()
