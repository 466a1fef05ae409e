//! What can go wrong while a program registers its resources.
//!
//! Errors are cheap to clone, because one failed resource is the error of every output that was to come of it.

use std::sync::Arc;

use crate::config::ConfigError;
use crate::limits::VALUE_DEPTH_MAX;

/// Why a resource, or a value that was to come of one, is not there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The engine did not make the resource.
    #[error("cannot register {type_token} {name:?}")]
    Register {
        /// The resource's type.
        type_token: String,
        /// The resource's name in the program.
        name: String,
        /// What the engine said.
        #[source]
        source: MonitorError,
    },
    /// The engine did not take the outputs of a component or of the stack.
    #[error("cannot register the outputs of {name:?}")]
    RegisterOutputs {
        /// The name in the program.
        name: String,
        /// What the engine said.
        #[source]
        source: MonitorError,
    },
    /// The engine did not hear that everything is registered.
    #[error("cannot tell the engine that everything is registered")]
    ShutDown(#[source] MonitorError),
    /// A resource was not tried because something it needs is not there.
    #[error("{name:?} was left out")]
    LeftOut {
        /// The name in the program.
        name: String,
        /// The first thing that was missing.
        #[source]
        because: Box<Self>,
    },
    /// A resource was not tried because what the program gave for it is not usable.
    #[error("cannot prepare {type_token} {name:?}")]
    Prepare {
        /// The resource's type.
        type_token: String,
        /// The resource's name in the program.
        name: String,
        /// What is wrong with it.
        #[source]
        source: Box<Self>,
    },
    /// The inputs of a resource cannot be sent.
    #[error("inputs are not usable: {reason}")]
    Inputs {
        /// What is wrong with them.
        reason: String,
    },
    /// A value cannot be written as JSON.
    #[error("value cannot be written as JSON")]
    Json(#[source] Arc<serde_json::Error>),
    /// A value is nested too deeply.
    #[error("value is nested more than {VALUE_DEPTH_MAX} levels deep")]
    TooDeep,
    /// The stack's configuration lacks something or has it in the wrong form.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Error {
    /// Whether this only repeats that something else failed.
    pub fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut { .. })
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(Arc::new(error))
    }
}

/// Why the engine did not do what it was asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MonitorError {
    /// It refused, or the connection to it broke.
    #[error("the engine says: {message} ({code:?})")]
    Refused {
        /// gRPC's code: what kind of refusal.
        code: tonic::Code,
        /// The engine's words.
        message: String,
    },
    /// The step failed; the engine has told the user why.
    #[error("its step failed, see the messages of the engine")]
    Failed,
    /// The step was left out because another one failed.
    #[error("its step was left out after another failed")]
    Skipped,
}

impl From<tonic::Status> for MonitorError {
    fn from(status: tonic::Status) -> Self {
        Self::Refused {
            code: status.code(),
            message: status.message().to_owned(),
        }
    }
}
