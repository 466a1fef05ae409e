//! A value that is there when the resource it comes from is there.
//!
//! An output waits for its resource, may be unknown (in a preview, before the resource exists), may be secret, and
//! remembers which resources it came from, so that whatever takes it as an input depends on them.
//!
//! Invariants: what is derived from a secret is secret; what is derived from an unknown is unknown; dependencies only
//! add up.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, try_join, try_join_all};

use crate::error::Error;
use crate::urn::Urn;

#[cfg(test)]
mod tests;

/// What an output turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved<T> {
    /// The value; `None` while it is unknown, which happens in previews only.
    pub value: Option<T>,
    /// Whether it must not be shown.
    pub secret: bool,
    /// The resources it came from.
    pub dependencies: BTreeSet<Urn>,
}

impl<T> Resolved<T> {
    fn of(value: Option<T>, secret: bool) -> Self {
        Self {
            value,
            secret,
            dependencies: BTreeSet::new(),
        }
    }

    /// Keeps everything but the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Resolved<U> {
        let Self {
            value,
            secret,
            dependencies,
        } = self;
        Resolved {
            value: value.map(change),
            secret,
            dependencies,
        }
    }
}

/// A value that is there when the resource it comes from is there. Clones are the same value.
///
/// ```
/// # use longshore_pulumi::Output;
/// let address = Output::<String>::known("loki").map(|host| format!("http://{host}:3100"));
/// ```
pub struct Output<T>(Shared<BoxFuture<'static, Result<Resolved<T>, Error>>>);

impl<T: Clone + Send + Sync + 'static> Output<T> {
    /// An output that a future will tell.
    pub fn from_future(future: impl Future<Output = Result<Resolved<T>, Error>> + Send + 'static) -> Self {
        Self(future.boxed().shared())
    }

    fn ready(resolved: Resolved<T>) -> Self {
        Self::from_future(std::future::ready(Ok(resolved)))
    }

    /// A value that is known already.
    pub fn known(value: impl Into<T>) -> Self {
        Self::ready(Resolved::of(Some(value.into()), false))
    }

    /// A value that is known already and must not be shown.
    pub fn secret(value: impl Into<T>) -> Self {
        Self::ready(Resolved::of(Some(value.into()), true))
    }

    /// A value that only the update will tell.
    pub fn unknown() -> Self {
        Self::ready(Resolved::of(None, false))
    }

    /// Waits for the value.
    ///
    /// # Errors
    /// When the resource it comes from failed.
    pub async fn resolve(&self) -> Result<Resolved<T>, Error> {
        self.0.clone().await
    }

    /// The same value, but secret from here on.
    #[must_use]
    pub fn into_secret(self) -> Self {
        Self::from_future(async move {
            let mut resolved = self.resolve().await?;
            resolved.secret = true;
            Ok(resolved)
        })
    }

    /// Derives a value. The function is called once, and not at all while the value is unknown.
    #[must_use]
    pub fn map<U, F>(&self, change: F) -> Output<U>
    where
        U: Clone + Send + Sync + 'static,
        F: FnOnce(T) -> U + Send + 'static,
    {
        let waiting = self.clone();
        Output::from_future(async move { Ok(waiting.resolve().await?.map(change)) })
    }

    /// Derives a value in a way that can fail.
    #[must_use]
    pub fn try_map<U, F>(&self, change: F) -> Output<U>
    where
        U: Clone + Send + Sync + 'static,
        F: FnOnce(T) -> Result<U, Error> + Send + 'static,
    {
        let waiting = self.clone();
        Output::from_future(async move {
            let Resolved {
                value,
                secret,
                dependencies,
            } = waiting.resolve().await?;
            Ok(Resolved {
                value: value.map(change).transpose()?,
                secret,
                dependencies,
            })
        })
    }

    /// Two values as one.
    #[must_use]
    pub fn zip<U: Clone + Send + Sync + 'static>(&self, other: &Output<U>) -> Output<(T, U)> {
        let (left, right) = (self.clone(), other.clone());
        Output::from_future(async move {
            let (left, right) = try_join(left.resolve(), right.resolve()).await?;
            let mut dependencies = left.dependencies;
            dependencies.extend(right.dependencies);
            let value = left.value.zip(right.value);
            Ok(Resolved {
                value,
                secret: left.secret || right.secret,
                dependencies,
            })
        })
    }

    /// Many values as one list, in the same order; unknown when one of them is.
    #[must_use]
    pub fn all(outputs: impl IntoIterator<Item = Self>) -> Output<Vec<T>> {
        let outputs: Vec<Self> = outputs.into_iter().collect();
        Output::from_future(async move {
            let parts = try_join_all(outputs.iter().map(Self::resolve)).await?;
            let mut all = Resolved::of(Some(Vec::with_capacity(parts.len())), false);
            for part in parts {
                all.secret |= part.secret;
                all.dependencies.extend(part.dependencies);
                all.value = all.value.zip(part.value).map(|(mut list, value)| {
                    list.push(value);
                    list
                });
            }
            Ok(all)
        })
    }
}

impl<T> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Output<T> {
    /// Never shows the value, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}
