//! Conversation lifecycle, ordering, hash chain and inactivity.
