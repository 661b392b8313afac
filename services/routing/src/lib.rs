//! Queues, agents, offers and decisions.
