-- Where a version is: the list of one version, in whichever cells. The index of 0002 that tells whether a line of an import is
-- known already had the version as its last column, so that a list of one version read every deployment. With the version
-- first, one index answers both, and a write costs what it did.
--
-- commit_sha and deployed_by have no index on purpose. Each index costs every write, those of commits most, since each lands at
-- a random place; such lists read many rows, take turns, and leave the other connections to the others.
create index deployments_by_version_and_cell on deployments (version, component_id, environment_id);
drop index deployments_by_version;
