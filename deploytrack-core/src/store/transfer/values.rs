//! The values of columns: how each type of column is read from either database, and written to
//! either one.

use sqlx::Row;
use uuid::Uuid;

use super::tables::Kind;
use crate::{
    error::Error,
    store::{column::Micros, sets::Value},
};

/// A value that was read.
#[derive(Clone, Debug)]
pub(super) enum ReadValue {
    Id(Option<Uuid>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Number(Option<i64>),
    Boolean(Option<bool>),
    Time(Option<Micros>),
}

impl Kind {
    /// The expression that reads a column: numbers of all sizes as the largest one.
    pub(super) fn selected(self, column: &str) -> String {
        match self {
            Self::Number => format!("cast({column} as bigint)"),
            _ => column.to_owned(),
        }
    }
}

/// A row of either database.
pub(super) trait ReadRow: Row {
    /// Reads a column.
    fn read(&self, column: usize, kind: Kind) -> sqlx::Result<ReadValue>;
}

macro_rules! read_row {
    ($feature:literal, $row:ty) => {
        #[cfg(feature = $feature)]
        impl ReadRow for $row {
            fn read(&self, column: usize, kind: Kind) -> sqlx::Result<ReadValue> {
                Ok(match kind {
                    Kind::Id => ReadValue::Id(self.try_get(column)?),
                    Kind::Text => ReadValue::Text(self.try_get(column)?),
                    Kind::Bytes => ReadValue::Bytes(self.try_get(column)?),
                    Kind::Number => ReadValue::Number(self.try_get(column)?),
                    Kind::Boolean => ReadValue::Boolean(self.try_get(column)?),
                    Kind::Time => ReadValue::Time(self.try_get(column)?),
                })
            }
        }
    };
}
read_row!("sqlite", sqlx::sqlite::SqliteRow);
read_row!("postgres", sqlx::postgres::PgRow);

impl ReadValue {
    /// The value for a statement.
    pub(super) fn bound(&self) -> Value<'_> {
        match self {
            Self::Id(value) => Value::Id(*value),
            Self::Text(value) => Value::Text(value.as_deref()),
            Self::Bytes(value) => Value::Bytes(value.as_deref()),
            Self::Number(value) => Value::Number(*value),
            Self::Boolean(value) => Value::Boolean(*value),
            Self::Time(value) => Value::Time(*value),
        }
    }

    /// Appends the value to the bytes of its row, in a form that is the same for both databases.
    ///
    /// # Errors
    /// [`Error::Setup`] for a text that PostgreSQL cannot store. No request can write one.
    pub(super) fn append_to(&self, row: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Id(value) => append(row, value.map(Uuid::into_bytes)),
            Self::Text(Some(text)) if text.contains('\0') => {
                return Err(Error::Setup(
                    "a text contains a NUL character, which PostgreSQL cannot store".into(),
                ));
            }
            Self::Text(value) => append(row, value.as_deref()),
            Self::Bytes(value) => append(row, value.as_deref()),
            Self::Number(value) => append(row, value.map(i64::to_le_bytes)),
            Self::Boolean(value) => append(row, value.map(|value| [u8::from(value)])),
            Self::Time(value) => append(
                row,
                value.map(|value| value.0.timestamp_micros().to_le_bytes()),
            ),
        }
        Ok(())
    }
}

/// Appends bytes with their number, or the mark of a null.
fn append(row: &mut Vec<u8>, value: Option<impl AsRef<[u8]>>) {
    let Some(value) = value else {
        return row.push(0);
    };
    let bytes = value.as_ref();
    row.push(1);
    row.extend((bytes.len() as u64).to_le_bytes());
    row.extend(bytes);
}
