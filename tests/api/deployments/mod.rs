//! /api/v1/deployments

mod daily;
mod export;
mod history;
mod ids;
mod import;
mod latest;
mod list;
mod matrix;
mod pages;
mod record;
mod repeats;
mod status_pairs;
mod time_travel;
mod undeploy;
mod unsettled;
mod update;
