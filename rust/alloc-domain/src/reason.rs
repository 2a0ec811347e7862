//! Why something was refused, in a form that people and programs can read.

/// What the caller can do about a refusal; each kind is one Python exception class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonKind {
    /// The input is wrong: `alloc.errors.InputError`.
    Input,
    /// A named thing does not exist: `alloc.errors.NotFoundError`.
    NotFound,
    /// The state does not allow it: `alloc.errors.ConflictError`.
    Conflict,
    /// A stated limit was reached: `alloc.errors.LimitError`.
    Limit,
    /// The caller asked to stop: `alloc.errors.StoppedError`.
    Stopped,
}

/// An error with a stable wire name and named fields.
///
/// Every error enum of the workspace implements it, so that one place (`alloc-py/src/error.rs`)
/// turns all of them into Python exceptions.
pub trait Reason: std::error::Error {
    /// The wire name, upper snake case, never changed once published: `CURRENCY_UNKNOWN`.
    fn code(&self) -> &'static str;
    /// What the caller can do about it.
    fn kind(&self) -> ReasonKind;
    /// The named fields of the message, as text, for programs.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}
