//! Conversations, transcripts and inactivity.
