//! Roles: how much a caller may do.

use serde::{Deserialize, Serialize};

use crate::{limits::WriteLimits, words::words};

/// The role of a token. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Read everything.
    Reader,
    /// Record, update and undeploy deployments, within the limits of the token.
    Writer,
    /// Everything.
    Admin,
}

words! {
    Role {
        Reader => "reader",
        Writer => "writer",
        Admin => "admin",
    }
}

impl Role {
    /// The role of a token with these limits. With limits it is never more than a writer: an admin
    /// would not be bound by them.
    #[must_use]
    pub fn within(self, limits: &WriteLimits) -> Self {
        if limits.are_none() {
            self
        } else {
            self.min(Self::Writer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_with_limits_is_a_writer() {
        let (free, limited) = (
            WriteLimits::default(),
            WriteLimits {
                components: Some(Vec::new()),
                environments: None,
            },
        );
        assert_eq!(Role::ALL.map(|role| role.within(&free)), Role::ALL);
        assert_eq!(
            Role::ALL.map(|role| role.within(&limited)),
            [Role::Reader, Role::Writer, Role::Writer]
        );
    }
}
