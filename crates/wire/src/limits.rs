//! Bounds of the decoders, so that no input can make them take unbounded memory or stack.

/// Deepest nesting of an OTLP value, in levels. Deeper ones are refused: the decoder recurses, and no logging
/// library nests further than a few levels. prost and Go's decoder stop at 100.
pub(crate) const OTLP_VALUE_DEPTH_MAX: usize = 64;
