//! The readers of the document: generators of clients, and the pages at `/api/docs/`.

use utoipa::openapi::{
    RefOr, Required, Server, ServerBuilder, ServerVariableBuilder,
    path::{Parameter, ParameterBuilder},
};

/// A reader of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A program, such as a generator of clients. It may have the document as a file, so the server
    /// is an address with variables. The address of a request would be wrong behind a proxy, and the
    /// headers that report the original one may be forged and stored in a cache.
    Program,
    /// The pages of this server.
    #[cfg_attr(
        not(feature = "swagger"),
        expect(dead_code, reason = "a server without these pages has no such reader")
    )]
    Pages,
}

impl Reader {
    /// The server of the operations.
    pub(super) fn server(self) -> Server {
        match self {
            Self::Program => ServerBuilder::new()
                .url("{scheme}://{host}")
                .description(Some("A deploytrack server. The defaults are those of `deploytrack serve`."))
                .parameter(
                    "scheme",
                    ServerVariableBuilder::new()
                        .default_value("http")
                        .enum_values(Some(["http", "https"])),
                )
                .parameter(
                    "host",
                    ServerVariableBuilder::new()
                        .default_value("127.0.0.1:3000")
                        .description(Some(
                            "The host with its port, such as `deploytrack.example.com`; behind a proxy that serves it below another path, \
                             also that path.",
                        )),
                )
                .build(),
            // Relative to the address of the document, which is beside the pages.
            Self::Pages => ServerBuilder::new()
                .url("../..")
                .description(Some("This server."))
                .build(),
        }
    }

    /// Removes the examples that the pages would send. Their forms begin with the example of each
    /// parameter: every filter would be set, and every request would have the same key.
    pub(super) fn adapt<'a>(self, parameters: impl IntoIterator<Item = &'a mut RefOr<Parameter>>) {
        for parameter in parameters {
            if let (Self::Pages, RefOr::T(parameter)) = (self, parameter)
                && parameter.required != Required::True
            {
                let without = ParameterBuilder::from(std::mem::take(parameter)).example(None);
                *parameter = without.build();
            }
        }
    }
}
