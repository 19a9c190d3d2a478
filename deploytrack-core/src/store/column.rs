//! How values are stored in columns.

use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};

use super::sqlx_error::unreadable;
use crate::{clock::Time, digest::Digest, error::Error, origin::Origin};

/// A time in a column: whole microseconds on SQLite, `timestamptz` on PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Micros(pub(super) Time);

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use chrono::DateTime;
    use sqlx::Sqlite;

    use super::{BoxDynError, Database, Decode, Encode, IsNull, Micros, Type};

    impl Type<Sqlite> for Micros {
        fn type_info() -> <Sqlite as Database>::TypeInfo {
            <i64 as Type<Sqlite>>::type_info()
        }

        fn compatible(ty: &<Sqlite as Database>::TypeInfo) -> bool {
            <i64 as Type<Sqlite>>::compatible(ty)
        }
    }

    impl Encode<'_, Sqlite> for Micros {
        fn encode_by_ref(
            &self,
            buffer: &mut <Sqlite as Database>::ArgumentBuffer,
        ) -> Result<IsNull, BoxDynError> {
            Encode::<Sqlite>::encode(self.0.timestamp_micros(), buffer)
        }
    }

    impl<'r> Decode<'r, Sqlite> for Micros {
        fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
            let micros = <i64 as Decode<Sqlite>>::decode(value)?;
            DateTime::from_timestamp_micros(micros)
                .map(Self)
                .ok_or_else(|| "the time is out of range".into())
        }
    }
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use sqlx::Postgres;

    use super::{BoxDynError, Database, Decode, Encode, IsNull, Micros, Time, Type};

    impl Type<Postgres> for Micros {
        fn type_info() -> <Postgres as Database>::TypeInfo {
            <Time as Type<Postgres>>::type_info()
        }
    }

    impl Encode<'_, Postgres> for Micros {
        fn encode_by_ref(
            &self,
            buffer: &mut <Postgres as Database>::ArgumentBuffer,
        ) -> Result<IsNull, BoxDynError> {
            Encode::<Postgres>::encode_by_ref(&self.0, buffer)
        }
    }

    impl<'r> Decode<'r, Postgres> for Micros {
        fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
            <Time as Decode<Postgres>>::decode(value).map(Self)
        }
    }
}

/// Parses text that was validated when it was stored.
pub(super) fn checked<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
) -> Result<T, Error> {
    text.parse().map_err(unreadable)
}

/// Parses text that was validated when it was stored, if it is not null.
pub(super) fn checked_option<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: Option<&str>,
) -> Result<Option<T>, Error> {
    text.map(checked).transpose()
}

/// The text of an origin for its column. Serialization cannot fail: an origin has only texts.
pub(super) fn origin_text(origin: &Origin) -> String {
    serde_json::to_string(origin).unwrap_or_default()
}

/// The origin in a column.
pub(super) fn stored_origin(text: Option<&str>) -> Result<Option<Box<Origin>>, Error> {
    let origin = text.map(serde_json::from_str);
    origin.transpose().map_err(unreadable)
}

/// A count, a limit or an offset, as the databases take it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count, as the databases return it.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Reads a digest from its bytes.
pub(super) fn digest(bytes: &[u8]) -> Result<Digest, Error> {
    Digest::try_from(bytes).map_err(unreadable)
}
