-- Clocks differ: those of the callers, and those of the servers. A live transition counts by its arrival.

-- The time that the caller claimed. Null where none was claimed, or where the entry was placed at that very time.
alter table history add column claimed_at timestamptz;

-- The latest time that the cell has seen: no live transition of the cell is placed before it, whatever the server's clock
-- says. It is never earlier than the newest entry in the history of the cell.
alter table current_cells add column newest_at timestamptz not null default 'epoch';

update current_cells set newest_at = coalesce(
    (select max(h.occurred_at) from deployments d join history h on h.deployment_id = d.id
     where d.component_id = current_cells.component_id and d.environment_id = current_cells.environment_id), 'epoch');
