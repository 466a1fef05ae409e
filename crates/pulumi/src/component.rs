//! A component: several resources under one name.

use crate::context::Context;
use crate::inputs::Inputs;
use crate::resource::{Resource, ResourceOptions};

/// Several resources under one name. Whatever depends on it depends on all that it has.
///
/// Dropping it without `finish` registers that it gives out nothing.
pub struct Component {
    context: Context,
    resource: Resource,
    finished: bool,
}

impl Component {
    /// Registers a component. Its type may be any text of the form `package:module:Type`, and must stay: it is part of
    /// the URN of everything below it.
    pub fn register(context: &Context, type_token: &str, name: &str, options: ResourceOptions) -> Self {
        let resource = context.add(type_token, name, false, Inputs::none(), options);
        Self {
            context: context.clone(),
            resource,
            finished: false,
        }
    }

    /// The component as a resource.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Says what the component gives out, after its last child.
    pub fn finish(mut self, outputs: Inputs) -> Resource {
        self.finished = true;
        self.context.add_outputs(&self.resource, outputs);
        self.resource.clone()
    }
}

impl AsRef<Resource> for Component {
    fn as_ref(&self) -> &Resource {
        &self.resource
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        if !self.finished {
            self.context.add_outputs(&self.resource, Inputs::none());
        }
    }
}
