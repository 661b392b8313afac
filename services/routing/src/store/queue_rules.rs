//! What holds for a queue's conversations beside how they are routed, as it is stored. Session acts on most of it.

use onqueue_model::{LibraryId, QueueId, ScriptId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Each part is called as its field in the protos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationRules {
    /// Whose silence counts.
    pub inactivity_counts: InactivityCounts,
    /// What follows from it.
    pub inactivity_action: InactivityAction,
    /// Where to, if it is a transfer.
    pub inactivity_transfer_queue_id: Option<QueueId>,
    /// When a waiting customer who is not there is given up.
    pub abandon_after_ms: u64,
    /// For how long a lost agent's conversations are kept for them.
    pub agent_lost_hold_ms: u64,
    /// What follows then.
    pub agent_lost_action: AgentLostAction,
    /// For how long a messaging conversation at rest can be opened again.
    pub messaging_window_ms: u64,
    /// 0 is for ever.
    pub retention_days: u32,
    /// What may be attached; nothing without them.
    pub attachments: Option<AttachmentRules>,
    /// Whether agents see who watches silently.
    pub monitor_visible: bool,
    /// Whether what is transferred here keeps its age.
    pub transfer_keeps_age: bool,
    /// The script that agents are led through.
    pub script_id: Option<ScriptId>,
    /// Which libraries of responses may be used.
    pub library_use: LibraryUse,
    /// Which, if they are chosen.
    pub library_ids: BTreeSet<LibraryId>,
}

/// Whose messages show that a conversation goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InactivityCounts {
    /// Those of both.
    #[default]
    Both,
    /// The customer's.
    Guest,
    /// The agent's.
    Agent,
}

/// What becomes of a conversation in which nobody writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InactivityAction {
    /// It ends.
    #[default]
    Disconnect,
    /// It goes to a queue.
    Transfer,
}

/// What becomes of a lost agent's conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentLostAction {
    /// They wait for another agent.
    #[default]
    Requeue,
    /// They end.
    End,
}

/// Which libraries of responses a queue allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LibraryUse {
    /// All.
    #[default]
    All,
    /// Some.
    Chosen,
    /// None.
    None,
}

/// What may be attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttachmentRules {
    /// Whether anything.
    pub enabled: bool,
    /// Of one.
    pub max_bytes: u64,
    /// Of a conversation's together.
    pub max_total_bytes: u64,
    /// By content.
    pub media_types: Vec<String>,
}

impl Default for ConversationRules {
    fn default() -> Self {
        Self {
            inactivity_counts: InactivityCounts::default(),
            inactivity_action: InactivityAction::default(),
            inactivity_transfer_queue_id: None,
            abandon_after_ms: 120_000,
            agent_lost_hold_ms: 60_000,
            agent_lost_action: AgentLostAction::default(),
            messaging_window_ms: 259_200_000,
            retention_days: 0,
            attachments: None,
            monitor_visible: false,
            transfer_keeps_age: false,
            script_id: None,
            library_use: LibraryUse::default(),
            library_ids: BTreeSet::new(),
        }
    }
}
