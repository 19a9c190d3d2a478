//! The words of closed sets: one list gives an enum its constants, its text form and its parser.

/// Adds `ALL`, `as_str`, `Display` and `FromStr` to an enum without fields. The rule is the message
/// for any other word; without one, the message lists the words.
///
/// The list must name every variant: `as_str` matches on the list, so an omission does not compile.
macro_rules! words {
    ($name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        $crate::words::words! {
            $name, $crate::words::one_of!($($word),+), { $($variant => $word),+ }
        }
    };
    ($name:ident, $rule:expr, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word used in bodies, queries, settings and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::invalid::Invalid;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::invalid::Invalid($rule)),
                }
            }
        }
    };
}

macro_rules! one_of {
    ($first:literal $(, $next:literal)*) => {
        concat!("must be one of ", $first, $(", ", $next),*)
    };
}

pub(crate) use {one_of, words};

#[cfg(test)]
mod tests {
    use crate::{
        catalog::EnvironmentType, event::EventType, history::HistoryKind, invalid::Invalid,
        matrix::GapState, role::Role, status::Status,
    };

    #[test]
    fn a_word_is_parsed_as_its_value_and_the_error_for_another_lists_the_words() {
        assert_eq!(
            EnvironmentType::ALL.map(|one| one.as_str().parse()),
            EnvironmentType::ALL.map(Ok)
        );
        let error = Invalid("must be one of development, testing, staging, production, other");
        assert_eq!("Testing".parse::<EnvironmentType>(), Err(error));
    }

    #[test]
    fn a_value_is_serialized_as_its_word() {
        fn check<T: serde::Serialize + Copy>(all: &[T], word: fn(T) -> &'static str) {
            for one in all {
                assert_eq!(serde_json::to_value(one).unwrap(), word(*one));
            }
        }
        check(&Status::ALL, Status::as_str);
        check(&EventType::ALL, EventType::as_str);
        check(&EnvironmentType::ALL, EnvironmentType::as_str);
        check(&HistoryKind::ALL, HistoryKind::as_str);
        check(&GapState::ALL, GapState::as_str);
        check(&Role::ALL, Role::as_str);
    }
}
