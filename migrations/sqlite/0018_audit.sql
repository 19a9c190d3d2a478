-- More about an event, as a JSON object: which fields of a component changed, which wall was revoked. Null where there is no more to
-- say.
alter table events add column details text;

-- The audit: the events that are not about deployments, which have a history of their own. They are few among many, and a list of
-- them would otherwise read all events. A deployment adds no row here.
create index events_audit on events (number) where history_sequence is null and type <> 'deployment.updated';
