//! The examples of the document. All of them show one small world: two components in three
//! environments on one evening. They are values of the types that the server answers with, so an
//! example has the fields of a real answer.

mod answers;
mod identity;
mod parameters;
mod schemas;
mod world;

pub(crate) use self::{answers::*, identity::*, parameters::*, schemas::*, world::*};
