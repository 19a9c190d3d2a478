-- What else the matrix shows of the current deployment. Neither of the two ever changes in a deployment, so the matrix reads
-- them here and does not look up each of its deployments. They are null where nothing is current.
alter table current_cells add column deployed_by text;
alter table current_cells add column commit_sha text;
update current_cells set (deployed_by, commit_sha) = (
    select d.deployed_by, d.commit_sha from deployments d where d.id = current_cells.deployment_id
) where deployment_id is not null;
