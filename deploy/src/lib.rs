//! What is deployed to Kubernetes: pure objects from settings.
