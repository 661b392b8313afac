//! Channels with deadlines, retries and propagation.
