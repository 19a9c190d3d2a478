-- The newest deployment of a cell, and the list of one component in one environment, are one search: a component that is
-- deployed to testing all day long would otherwise be read through to find its one deployment in production.
create index deployments_by_cell on deployments (component_id, environment_id, created_at, id);
